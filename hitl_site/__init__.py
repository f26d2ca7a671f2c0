"""The roof: settings, addresses and processes. It composes the other packages and nothing imports it."""
