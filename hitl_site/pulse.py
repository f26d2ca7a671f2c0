"""Hears the clock at work: each task of its that was done leaves a sign of life."""

from typing import Any

from celery.signals import task_success

from reviews import pulse

SIGNS = {"agents_runtime.tasks.sweep": pulse.note_sweep, "agents_runtime.tasks.watch": pulse.note_round}


@task_success.connect(weak=False)
def note(sender: Any = None, **_: Any) -> None:
    """A task was done; those that only the clock does are noted."""
    if sign := SIGNS.get(getattr(sender, "name", "")):
        sign()
