"""English: the desk's own way."""
