"""Reading a calendar as it is written in the editor or in a file, and saying what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOCK_TIME = re.compile(r"^([01]\d|2[0-4]):([0-5]\d)$")
MOST_HOLIDAYS = 2_000
MOST_WINDOWS = 6
"""Windows in one day."""
LEAST_OPEN = 3600
"""Seconds a week: with fewer, a day's work would take years of looking for them."""
Window = tuple[int, int]
"""Minutes of a day from its midnight, the end excluded."""


class BadCalendar(ValueError):
    """A calendar cannot be used; ``errors`` maps each key to what is wrong with it."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__(" ".join(f"{key}: {text}" for key, text in errors.items()))


def read(data: Mapping[str, Any]) -> tuple[str, tuple[tuple[Window, ...], ...], frozenset[date]]:
    """Zone, the windows of each day of the week, and holidays. Raises BadCalendar."""
    errors: dict[str, str] = {str(key): "is not known" for key in data if key not in ("zone", "hours", "holidays")}
    found = (
        _zone(data.get("zone"), errors),
        _hours(data.get("hours"), errors),
        _holidays(data.get("holidays", []), errors),
    )
    if errors:
        raise BadCalendar(errors)
    return found


def written(windows: tuple[Window, ...]) -> list[list[str]]:
    """The windows of a day as they are read."""
    return [[_clock(start), _clock(end)] for start, end in windows]


def _zone(value: Any, errors: dict[str, str]) -> str:
    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        errors["zone"] = f"{value!r} is not a zone of the IANA list; write one like Europe/Berlin."
    return ""


def _hours(value: Any, errors: dict[str, str]) -> tuple[tuple[Window, ...], ...]:
    if not isinstance(value, Mapping) or set(value) - set(DAYS):
        errors["hours"] = f"Write a list of windows for each open day: {', '.join(DAYS)}."
        return ()
    week = tuple(_windows(day, value.get(day, []), errors) for day in DAYS)
    open_seconds = sum(60 * (end - start) for windows in week for start, end in windows)
    if not open_seconds and not errors:
        errors["hours"] = "This calendar is never open, so nothing would ever be due."
    elif open_seconds < LEAST_OPEN and not errors:
        errors["hours"] = "Open for at least an hour a week."
    return week


def _windows(day: str, value: Any, errors: dict[str, str]) -> tuple[Window, ...]:
    if not isinstance(value, list) or len(value) > MOST_WINDOWS:
        errors[f"hours.{day}"] = f"Write at most {MOST_WINDOWS} windows like ['09:00', '17:00']."
        return ()
    windows = []
    for pair in value:
        start, end = (_minutes(text) for text in pair) if isinstance(pair, list) and len(pair) == 2 else (None, None)
        if start is None or end is None:
            errors[f"hours.{day}"] = f"{pair!r} is no window: write it like ['09:00', '17:00']."
            return ()
        if start >= end:
            errors[f"hours.{day}"] = (
                f"{pair[0]} to {pair[1]} ends before it begins; where it goes past midnight, write two windows."
            )
            return ()
        windows.append((start, end))
    windows.sort()
    if any(later[0] < earlier[1] for earlier, later in zip(windows, windows[1:], strict=False)):
        errors[f"hours.{day}"] = "Two windows of this day overlap."
    return tuple(windows)


def _minutes(text: Any) -> int | None:
    match = CLOCK_TIME.match(text) if isinstance(text, str) else None
    minutes = int(match[1]) * 60 + int(match[2]) if match else None
    return minutes if minutes is None or minutes <= 24 * 60 else None


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _holidays(value: Any, errors: dict[str, str]) -> frozenset[date]:
    if not isinstance(value, list) or len(value) > MOST_HOLIDAYS:
        errors["holidays"] = f"Write a list of at most {MOST_HOLIDAYS:,} dates like 2026-12-25."
        return frozenset()
    try:
        return frozenset(date.fromisoformat(day) for day in value)
    except (ValueError, TypeError) as error:
        errors["holidays"] = f"Not a date like 2026-12-25: {error}."
    return frozenset()
