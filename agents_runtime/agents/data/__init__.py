"""The little worlds the demo agents act in: a shop, a ward and a shelf of contracts, all in memory."""
