"""Servers that die, freeze and come back empty, beneath real processes of the desk."""
