"""The campaign's own command."""
