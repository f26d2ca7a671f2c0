"""The agents runtime, proved."""
