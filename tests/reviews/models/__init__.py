"""The nouns, proved."""
