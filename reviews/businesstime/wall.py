"""The clock on the wall, which always runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from reviews.businesstime.zones import utc


@dataclass(frozen=True)
class WallClock:
    """It answers as a calendar does."""

    def is_open(self, moment: datetime) -> bool:
        """Always."""
        return True

    def add(self, start: datetime, seconds: float) -> datetime:
        """That many seconds later."""
        return utc(start) + timedelta(seconds=seconds)

    def between(self, start: datetime, end: datetime) -> float:
        """Seconds from ``start`` to ``end``; 0 where the end comes first."""
        return max(0.0, (end - start).total_seconds())


WALL = WallClock()
