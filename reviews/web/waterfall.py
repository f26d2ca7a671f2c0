"""The time axis of a run's waterfall: work to scale, waiting squeezed, so a long review does not hide the work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

SHARE = 0.25
"""The width one stretch of waiting may take, as a share of all the work."""
LEAST = 0.5
"""Seconds of axis that every stretch of waiting may take, however little work there was."""

Interval = tuple[datetime, datetime]


@dataclass(frozen=True)
class Axis:
    """Turns a moment into seconds along the axis; ``points`` are moments and where they lie, both ascending."""

    points: tuple[tuple[datetime, float], ...]

    @classmethod
    def over(cls, begin: datetime, end: datetime, work: Iterable[Interval]) -> Axis:
        """The axis from begin to end, where only the stretches of work keep their length."""
        busy = _merged((max(a, begin), min(b, end)) for a, b in work if b > begin and a < end)
        allowed = max(LEAST, SHARE * sum((b - a).total_seconds() for a, b in busy))
        points, at = [(begin, 0.0)], 0.0
        for start, stop in busy:
            at += min(allowed, (start - points[-1][0]).total_seconds())
            points.append((start, at))
            at += (stop - start).total_seconds()
            points.append((stop, at))
        at += min(allowed, max(0.0, (end - points[-1][0]).total_seconds()))
        return cls((*points, (max(end, points[-1][0]), at)))

    @property
    def length(self) -> float:
        """Seconds from its begin to its end."""
        return self.points[-1][1]

    def at(self, moment: datetime) -> float:
        """Where the moment lies, held within the axis."""
        left, place = self.points[0]
        for right, further in self.points[1:]:
            if moment <= right:
                whole = (right - left).total_seconds()
                part = max(0.0, (moment - left).total_seconds()) / whole if whole else 1.0
                return place + part * (further - place)
            left, place = right, further
        return place


def _merged(intervals: Iterable[Interval]) -> Sequence[Interval]:
    merged: list[Interval] = []
    for start, stop in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged
