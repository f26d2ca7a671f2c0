"""The word that a worker is to stop: told to its main process by a signal, known in every process of its pool."""

from __future__ import annotations

import os
from select import select


class Notice:
    """Told once, for good. A byte in a pipe, which forked processes see as well, and which a signal may write."""

    def __init__(self) -> None:
        self._heard, self._said = os.pipe()

    def give(self) -> None:
        """Tell everybody."""
        os.write(self._said, b".")

    def given(self, within: float = 0) -> bool:
        """Whether it was told, or is told within so many seconds."""
        return bool(select([self._heard], [], [], within)[0])


notice = Notice()
"""Made when the process starts, so that those it forks later share it."""
