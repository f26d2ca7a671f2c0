"""The book, proved."""
