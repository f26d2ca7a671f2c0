"""What Foureyes costs beside others, measured side by side: python -m benchmarks, or one of its modules."""
