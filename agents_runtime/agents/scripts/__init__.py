"""What the demo agents' models say when no real model is configured."""
