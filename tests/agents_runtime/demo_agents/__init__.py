"""The demo agents, played on the plain SDK."""
