"""One command per file; each calls the same verbs as the pages."""
