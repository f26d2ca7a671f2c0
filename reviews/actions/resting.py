"""Timers that could not fire: they rest, longer each time they fail again."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.cache import cache

from reviews.models import Timer

LATE = timedelta(minutes=2)
"""What fires later than this fires after an outage; what fails is tried again at once until then."""
REST = timedelta(minutes=1)
"""The first rest; each that follows is twice as long."""
LONGEST = timedelta(minutes=15)
REMEMBERED = 86_400


def rest(timer: Timer, now: datetime) -> None:
    """What has only just come due is tried again in the next round."""
    if now - timer.due_at <= LATE:
        return
    # in the cache, as whoever forgets it only tries sooner
    key = f"timer-rests:{timer.pk}"
    times = cache.get(key) or 0
    cache.set(key, times + 1, REMEMBERED)
    pause: timedelta = min(LONGEST, REST * 2 ** min(times, 10))
    Timer.objects.waiting().filter(pk=timer.pk).update(retry_at=now + pause)
