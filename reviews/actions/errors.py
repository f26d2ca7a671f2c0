"""What a verb may refuse, in words made for the person who asked."""

from __future__ import annotations


class Conflict(Exception):
    """A colleague or the clock was faster. Its text is for the reviewer to read."""


class Late(Conflict):
    """The question is closed already. What was tried is kept in the book."""


class Invalid(Exception):
    """The verb was given what it cannot take; ``errors`` maps a field to what is wrong with it."""

    def __init__(self, **errors: str) -> None:
        self.errors = errors
        super().__init__(" ".join(errors.values()))


class LeaseLost(Exception):
    """The run was taken away from this worker; nothing it does may be written any more."""
