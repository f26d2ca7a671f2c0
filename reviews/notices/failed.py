"""Why a message did not go out, and what that means for it and for the others that go the same way."""

from __future__ import annotations


class Failed(Exception):
    """It did not go out. ``for_good``: trying again is of no use. ``lane``: the others would fail alike just now.

    ``wait`` is how many seconds the other side asked for. The text may be stored and shown, so it holds no secret.
    """

    def __init__(self, text: str, *, for_good: bool = False, lane: bool = True, wait: float | None = None) -> None:
        super().__init__(text)
        self.for_good, self.lane, self.wait = for_good, lane, wait
