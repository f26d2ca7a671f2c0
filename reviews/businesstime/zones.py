"""Where on the line of UTC the wall times of a local day lie, also where a zone changes its clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=4096)
def offsets(zone: str, day: date) -> tuple[tuple[datetime, datetime, timedelta], ...]:
    """The stretches of one offset from UTC that may hold a moment of that local day."""
    tz, noon = ZoneInfo(zone), datetime.combine(day, time(12), UTC)
    begins, ends = noon - timedelta(hours=36), noon + timedelta(hours=36)
    stretches = []
    while begins < ends:
        offset, until = _offset(tz, begins), ends
        if _offset(tz, ends) != offset:
            until = _change(tz, begins, ends)
        stretches.append((begins, until, offset))
        begins = until
    return tuple(stretches)


def _change(tz: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first second between the two at which another offset holds than before."""
    offset, gap = _offset(tz, before), int((after - before).total_seconds())
    low, high = 0, gap
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(tz, before + timedelta(seconds=middle)) == offset:
            low = middle
        else:
            high = middle
    return before + timedelta(seconds=high)


def _offset(tz: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(tz).utcoffset() or timedelta()


def utc(moment: datetime) -> datetime:
    """The same moment in UTC. Raises ValueError where it has no zone."""
    if moment.tzinfo is None:
        raise ValueError("A moment without a zone is no moment.")
    return moment.astimezone(UTC)
