"""Where something is wrong, as people count: the first rule is rule 1."""

from __future__ import annotations

COUNTED_FROM = {"rules": ("Rule", 0), "steps": ("Step", 1)}
"""What a list is called, and the number that keys give its first element."""


def place(key: str) -> str:
    """``rules.0.due_in`` as “Rule 1, due_in”; a key that is in no list stays as it is."""
    shelf, _, rest = key.partition(".")
    number, _, name = rest.partition(".")
    if shelf not in COUNTED_FROM or not number.isdecimal():
        return key
    what, first = COUNTED_FROM[shelf]
    return f"{what} {int(number) - first + 1}" + (f", {name}" if name else "")
