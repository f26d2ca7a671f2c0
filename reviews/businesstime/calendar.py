"""The open hours of a week in one zone, less its holidays, and the arithmetic in them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from reviews.businesstime import reading
from reviews.businesstime.reading import DAYS, Window
from reviews.businesstime.zones import offsets, utc

HORIZON = timedelta(days=100 * 366)
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Calendar:
    """The open hours of a week in one zone, less its holidays. Windows are minutes of the day, end excluded."""

    zone: str
    hours: tuple[tuple[Window, ...], ...]
    holidays: frozenset[date] = frozenset()

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Calendar:
        """From ``{"zone": …, "hours": {"mon": [["09:00", "17:00"]], …}, "holidays": ["2026-12-25", …]}``.

        Raises BadCalendar, also where it would never be open.
        """
        return cls(*reading.read(data))

    def snapshot(self) -> dict[str, Any]:
        """What `read` takes, as JSON."""
        hours = {day: reading.written(windows) for day, windows in zip(DAYS, self.hours, strict=True) if windows}
        return {"zone": self.zone, "hours": hours, "holidays": sorted(day.isoformat() for day in self.holidays)}

    def is_open(self, moment: datetime) -> bool:
        """Whether business goes on at that moment; the moment of closing still belongs to it."""
        moment = utc(moment)
        return any(start <= moment <= end for start, end in self._around(moment))

    def next_open(self, moment: datetime) -> datetime:
        """The moment itself where it is open, else the next opening."""
        moment = utc(moment)
        return moment if self.is_open(moment) else next(self._spans(moment))[0]

    def add(self, start: datetime, seconds: float) -> datetime:
        """The moment at which that many open seconds have passed since ``start``; it is always an open one."""
        return self.add_each(start, [seconds])[seconds]

    def add_each(self, start: datetime, each: Collection[float]) -> dict[float, datetime]:
        """What `add` says of each of these, in one walk through the calendar."""
        if min(each, default=0) < 0:
            raise ValueError("A business clock does not run backwards.")
        found = dict.fromkeys((seconds for seconds in each if not seconds), self.next_open(start))
        ahead, passed = sorted({*each} - found.keys(), reverse=True), timedelta()
        for begins, ends in self._spans(utc(start)) if ahead else ():
            open_for = ends - begins
            while ahead and timedelta(seconds=ahead[-1]) <= passed + open_for:
                seconds = ahead.pop()
                found[seconds] = begins + timedelta(seconds=seconds) - passed
            if not ahead:
                break
            passed += open_for
        if ahead:
            raise ValueError(f"{ahead[-1]:,.0f} open seconds do not pass in a hundred years of this calendar.")
        return found

    def between(self, start: datetime, end: datetime) -> float:
        """Open seconds from ``start`` to ``end``; 0 where the end comes first."""
        start, end, total = utc(start), utc(end), timedelta()
        for begins, ends in self._spans(start):
            if begins >= end:
                break
            total += min(ends, end) - begins
        return total.total_seconds()

    def _spans(self, start: datetime) -> Iterator[Span]:
        """The open spans after ``start`` in order, the first one cut at it."""
        day, last = (
            self._day(start) - timedelta(days=1),
            self._day(start + HORIZON),
        )  # a clock may go back over midnight
        while day <= last:
            for begins, ends in self._spans_on(day):
                if ends > start:
                    yield max(begins, start), ends
            day += timedelta(days=1)

    def _around(self, moment: datetime) -> Iterator[Span]:
        day = self._day(moment)
        yield from self._spans_on(day - timedelta(days=1))  # a window may close at midnight
        yield from self._spans_on(day)

    def _spans_on(self, day: date) -> list[Span]:
        windows = self.hours[day.weekday()]
        if not windows or day in self.holidays:
            return []
        midnight = datetime.combine(day, time(), UTC)
        spans = []
        for begins, ends, offset in offsets(self.zone, day):
            for opens, closes in windows:
                first = max(midnight + timedelta(minutes=opens) - offset, begins)
                last = min(midnight + timedelta(minutes=closes) - offset, ends)
                if first < last:
                    spans.append((first, last))
        return sorted(spans)

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(ZoneInfo(self.zone)).date()


OFFICE = Calendar("UTC", tuple(((9 * 60, 17 * 60),) if day < 5 else () for day in range(7)))
"""Monday to Friday, nine to five, in UTC: what stands in for a calendar nobody has written."""
