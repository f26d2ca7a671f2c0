"""The watchdog: every few minutes it asserts what must be true, and keeps what it found until it is in order again."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db import DatabaseError, transaction
from django.utils import timezone

from reviews import audit
from reviews.actions import assertions
from reviews.actions.assertions import Fault
from reviews.actors import SYSTEM
from reviews.audit import Act
from reviews.models import Finding
from reviews.models.finding import SEVERE, Alarm

logger = logging.getLogger(__name__)


def go_round(now: datetime | None = None) -> int:
    """Assert everything, open what is new and clear what is over; returns how many severe findings are open.

    Safe to run twice, also at the same time: each finding is opened once and cleared once.
    """
    now = now or timezone.now()
    known = Finding.objects.open().values_list("kind", "subject")
    found = assertions.faults(now, set(known))
    with transaction.atomic():
        acts = _settle(found, now)
        _sign(acts, found)
    return sum(fault.kind in SEVERE for fault in found)


def _settle(found: Sequence[Fault], now: datetime) -> list[Act]:
    """Make the rows say what was found. Returns the acts to record last."""
    # locked in one order, so that of two clocks the second waits here and then sees what the first has done
    open_ones = list(Finding.objects.open().select_for_update().order_by("pk"))
    still, known = {(fault.kind, fault.subject) for fault in found}, {(row.kind, row.subject) for row in open_ones}
    over = [row for row in open_ones if (row.kind, row.subject) not in still]
    fresh = [fault for fault in found if (fault.kind, fault.subject) not in known]
    Finding.objects.filter(pk__in=[row.pk for row in over]).update(cleared_at=now)
    Finding.objects.filter(pk__in=[row.pk for row in open_ones if row not in over]).update(last_seen=now)
    opened = [fault for fault in fresh if _open(fault, now)]
    return [
        *(_act("watchdog.found", fault.kind, fault.subject, fault.said) for fault in opened),
        *(_act("watchdog.cleared", row.kind, row.subject, row.said) for row in over),
    ]


def _open(fault: Fault, now: datetime) -> bool:
    """Whether it was not open yet; another clock may find the same at this moment."""
    said = {"said": fault.said, "first_seen": now, "last_seen": now}
    _, is_new = Finding.objects.open().get_or_create(
        kind=fault.kind, subject=fault.subject, cleared_at=None, defaults=said
    )
    return is_new


def _act(action: str, kind: str, subject: str, said: str) -> Act:
    return Act(action, SYSTEM, data={"name": Alarm(kind).label, "problem": said, "kind": kind, "subject": subject})


def _sign(acts: Sequence[Act], found: Sequence[Fault]) -> None:
    if not acts:
        return
    try:
        with transaction.atomic():
            audit.record(*acts)
    except DatabaseError:
        if not any(fault.kind == Alarm.BROKEN_BOOK for fault in found):
            raise
        # a book that somebody tampered with may take no further entry: what was found must be told all the same
        logger.exception("what the watchdog found could not be written into the book")
