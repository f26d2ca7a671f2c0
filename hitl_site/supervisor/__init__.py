"""One parent for all the processes of a desk: starts them in order, restarts what dies, stops them cleanly."""
