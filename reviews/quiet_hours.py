"""Wall-clock arithmetic of one person's day. Pure: moments in UTC in, moments in UTC out."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


def held_until(moment: datetime, zone: ZoneInfo, start: time, end: time) -> datetime | None:
    """When the quiet hours end in which the moment lies; None where it lies in none. An empty span holds nothing.

    An hour that the clocks strike twice is quiet until the second time; an end that they leave out is as far behind
    the gap as it was to be behind its beginning.
    """
    today = moment.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        last = day if start < end else day + timedelta(days=1)
        begins = _at(datetime.combine(day, start), zone, fold=0)
        ends = max(_at(datetime.combine(last, end), zone, fold=fold) for fold in (0, 1))
        if start != end and begins <= moment < ends:
            return ends
    return None


def next_digest(moment: datetime, zone: ZoneInfo, at: time | None) -> datetime:
    """The next full hour after the moment, or where a time of day is given the next such time."""
    if at is None:
        return moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    today = moment.astimezone(zone).date()
    days = (datetime.combine(today + timedelta(days=number), at) for number in range(3))
    return next(found for day in days if (found := _at(day, zone, fold=0)) > moment)


def _at(local: datetime, zone: ZoneInfo, *, fold: int) -> datetime:
    return local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
