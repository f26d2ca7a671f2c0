"""A desk for the benchmarks: the product as it is, with one more registered agent and one raw websocket beside it."""
