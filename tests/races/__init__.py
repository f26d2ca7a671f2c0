"""Two at once, proved on PostgreSQL."""
