"""The clock on the wall, which always runs."""

from __future__ import annotations

from collections.abc import Collection
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

    def add_each(self, start: datetime, each: Collection[float]) -> dict[float, datetime]:
        """What `add` says of each of these."""
        return {seconds: self.add(start, seconds) for seconds in each}

    def between(self, start: datetime, end: datetime) -> float:
        """Seconds from ``start`` to ``end``; 0 where the end comes first."""
        return max(0.0, (end - start).total_seconds())


WALL = WallClock()
