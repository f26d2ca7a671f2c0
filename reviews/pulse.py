"""The clock's signs of life. In the cache: nobody needs them after a restart, and asking costs a page no query."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

SWEEP, ROUND = "last-sweep", "last-watch"
SILENT_AFTER = timedelta(seconds=30)
"""Several sweeps' time: one that waits behind a long task is no outage."""
REMEMBERED = timedelta(minutes=5)


def note_sweep() -> None:
    """A sweep was done: clock and broker are at work."""
    cache.set(SWEEP, timezone.now().isoformat(), REMEMBERED.total_seconds())


def note_round() -> None:
    """The watchdog went its round."""
    cache.set(ROUND, timezone.now().isoformat(), settings.FOUREYES_WATCHDOG_SECONDS * 3)


def last_sweep() -> datetime | None:
    """When it was, or None where nobody remembers."""
    return _moment(SWEEP)


def last_round() -> datetime | None:
    """When the watchdog last went its round, or None where nobody remembers."""
    return _moment(ROUND)


def beats() -> bool:
    """Whether there was a sweep lately."""
    swept = last_sweep()
    return swept is not None and timezone.now() - swept < SILENT_AFTER


def _moment(key: str) -> datetime | None:
    said = cache.get(key)
    return datetime.fromisoformat(said) if isinstance(said, str) else None
