"""The domain of Foureyes: runs, the questions they ask people, the verdicts, and the book that records it all."""
