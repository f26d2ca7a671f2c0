"""The word that an advance is to end, told from outside while it lasts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Recalled(Exception):
    """The advance was told to end before its next gate; nothing was under way that has an effect. Says why."""


class Recall:
    """Told once, from any thread. What has begun and has an effect may come to its end; nothing else begins."""

    def __init__(self) -> None:
        self.why = ""
        self._telling = threading.Lock()
        self._listener: Callable[[], object] | None = None

    def tell(self, why: str) -> bool:
        """Tell it; False where it was told before."""
        with self._telling:
            if self.why:
                return False
            self.why = why
            listener = self._listener
        if listener is not None:
            listener()
        return True

    @contextmanager
    def heard_by(self, listener: Callable[[], object]) -> Iterator[None]:
        """Call the listener, on the thread that tells, should it be told in the block, or before it."""
        with self._telling:
            self._listener = listener
            was_told = bool(self.why)
        if was_told:  # between two blocks, when nobody listened
            listener()
        try:
            yield
        finally:
            with self._telling:
                self._listener = None
