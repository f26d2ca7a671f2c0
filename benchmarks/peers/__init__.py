"""Each module here is a program: it plays approve cycles on one system when asked over its standard input."""
