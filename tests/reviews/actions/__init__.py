"""The verbs, proved."""
