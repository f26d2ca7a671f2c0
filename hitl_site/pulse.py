"""The clock's sign of life: when the last sweep was done. In the cache, for nobody needs it after a restart."""

from datetime import datetime, timedelta
from typing import Any

from celery.signals import task_success
from django.core.cache import cache
from django.utils import timezone

KEY = "last-sweep"
SWEEP = "agents_runtime.tasks.sweep"
SILENT_AFTER = timedelta(seconds=30)
"""Several sweeps' time: one that waits behind a long task is no outage."""


@task_success.connect(weak=False)
def note(sender: Any = None, **_: Any) -> None:
    """A sweep was done: clock and broker are at work."""
    if getattr(sender, "name", "") == SWEEP:
        cache.set(KEY, timezone.now().isoformat(), SILENT_AFTER.total_seconds() * 10)


def last_sweep() -> datetime | None:
    """When it was, or None where nobody remembers."""
    said = cache.get(KEY)
    return datetime.fromisoformat(said) if isinstance(said, str) else None


def beats() -> bool:
    """Whether there was one lately."""
    swept = last_sweep()
    return swept is not None and timezone.now() - swept < SILENT_AFTER
