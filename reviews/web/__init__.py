"""The desk: pages and sockets for people."""
