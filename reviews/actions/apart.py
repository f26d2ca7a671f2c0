"""One timer of a run that cannot fire is told from the others, which fire all the same."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from reviews.actions.resting import REST, rest
from reviews.models import Run, Timer

logger = logging.getLogger(__name__)
MOST = 100
"""Timers of one run that are tried one by one in a round."""
Fire = Callable[[], int]


def fire_others(run_id: UUID, now: datetime, fire: Fire) -> int:
    """After timers of one run could not fire together: find those that cannot, and let ``fire`` do the others.

    Each is tried alone, and undone; so those that can still fire together, as ever, and nobody hears of it twice.
    """
    due = list(Timer.objects.to_fire(now).filter(intervention__run=run_id)[:MOST])
    failing = [timer for timer in due if not _can_fire(timer, due, now, fire)]
    fired = 0
    if len(failing) < len(due):
        try:
            fired = _without(run_id, failing, now, fire)
        except Exception:
            logger.exception("the other timers of run %s could not fire together; they are tried again", run_id)
            failing = due
    for timer in failing:
        rest(timer, now)
    return fired


def _can_fire(timer: Timer, due: Sequence[Timer], now: datetime, fire: Fire) -> bool:
    others = [other for other in due if other.pk != timer.pk]
    try:
        with transaction.atomic():
            _without(timer.intervention.run_id, others, now, fire)
            transaction.set_rollback(True)
    except Exception:
        logger.exception("%s of question %s could not be done; it is tried again", timer, timer.intervention_id)
        return False
    return True


@transaction.atomic
def _without(run_id: UUID, spared: Sequence[Timer], now: datetime, fire: Fire) -> int:
    """Fire what is due of a run while these rest; the run is locked first, as ever."""
    held = Run.objects.filter(pk=run_id).select_for_update(of=("self",), skip_locked=True, no_key=True)
    if not held.exists():
        return 0
    theirs = Timer.objects.filter(pk__in=[timer.pk for timer in spared])
    theirs.update(retry_at=now + REST)
    fired = fire()
    theirs.update(retry_at=None)
    return fired
