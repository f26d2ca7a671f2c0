"""The watchdog: every few minutes it asserts what must be true, and keeps what it found until it is in order again."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from django.db import DatabaseError, transaction
from django.utils import timezone

from reviews import access, audit
from reviews.actions import assertions, notices
from reviews.actions.assertions import Fault
from reviews.actors import SYSTEM
from reviews.audit import Act
from reviews.models import Finding
from reviews.models.finding import SEVERE, Alarm
from reviews.states import NoticeKind

logger = logging.getLogger(__name__)
MOST_ADMINS = 100


def go_round(now: datetime | None = None) -> int:
    """Assert everything, open what is new and clear what is over; returns how many severe findings are open.

    Safe to run twice, also at the same time: each finding is opened once and cleared once.
    """
    now = now or timezone.now()
    known = Finding.objects.open().values_list("kind", "subject")
    found = assertions.faults(now, set(known))
    with transaction.atomic():
        opened, over = _settle(found, now)
        _tell(opened)
        _sign([_act("watchdog.found", row) for row in opened] + [_act("watchdog.cleared", row) for row in over], found)
    return sum(fault.kind in SEVERE for fault in found)


def _settle(found: Sequence[Fault], now: datetime) -> tuple[list[Finding], list[Finding]]:
    """Make the rows say what was found; returns those that were opened and those that were cleared."""
    # locked in one order, so that of two clocks the second waits here and then sees what the first has done
    open_ones = list(Finding.objects.open().select_for_update().order_by("pk"))
    still, known = {(fault.kind, fault.subject) for fault in found}, {(row.kind, row.subject) for row in open_ones}
    over = [row for row in open_ones if (row.kind, row.subject) not in still]
    fresh = [fault for fault in found if (fault.kind, fault.subject) not in known]
    Finding.objects.filter(pk__in=[row.pk for row in over]).update(cleared_at=now)
    Finding.objects.filter(pk__in=[row.pk for row in open_ones if row not in over]).update(last_seen=now)
    return [row for row in (_open(fault, now) for fault in fresh) if row], over


def _open(fault: Fault, now: datetime) -> Finding | None:
    """The new row; None where another clock found the same at this moment."""
    said = {"said": fault.said, "first_seen": now, "last_seen": now}
    row, is_new = Finding.objects.open().get_or_create(
        kind=fault.kind, subject=fault.subject, cleared_at=None, defaults=said
    )
    return row if is_new else None


def _tell(opened: Sequence[Finding]) -> None:
    """One message to each admin for all that one round has found."""
    if not opened:
        return
    counted = Counter(str(Alarm(row.kind).label) for row in opened)
    says = ", ".join(label if number == 1 else f"{label} ({number})" for label, number in counted.items())
    notices.owe(
        None,
        NoticeKind.WATCHDOG,
        access.admins()[:MOST_ADMINS],
        key=f"watchdog:{min(row.pk for row in opened)}",
        says=f"The watchdog found: {says}. The status page shows where.",
    )


def _act(action: str, row: Finding) -> Act:
    said = {"name": row.get_kind_display(), "problem": row.said, "kind": row.kind, "subject": row.subject}
    return Act(action, SYSTEM, data=said)


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
