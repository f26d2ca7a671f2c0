"""The domain, proved."""
