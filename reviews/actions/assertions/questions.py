"""Questions do not wait for ever unless somebody wants them to, and their timers fire."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.core.cache import cache
from django.db.models import Exists, OuterRef, Q, TextField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce

from reviews.actions.assertions.fault import LATE, LIMIT, Fault
from reviews.models import Intervention, Timer
from reviews.models.finding import Alarm
from reviews.models.intervention import InterventionQuerySet

AT_ONCE = 10_000
"""Open questions whose timers one round looks for; of more than these each round takes the next, and begins again."""
FIRST = 200
"""Overdue timers that are looked at; one question may have several of them."""
PLACE = "watchdog-place"
MISSED = "A reminder, a step or the end of its time did not come"
FAILED = f"{MISSED}: it failed, which the clock's log tells of, and it is tried again"
# a key that is not there would make the whole condition unknown
FINAL = Coalesce(KT("policy__time__body__final__do"), Value(""), output_field=TextField())


def forgotten(now: datetime, known: Collection[str]) -> list[Fault]:
    """Each open question has a timer to come, or its frozen policy keeps it waiting."""
    coming = Timer.objects.waiting().filter(intervention=OuterRef("pk"))
    ends = Q(expires_at__isnull=False) | ~Q(final="keep_waiting")
    alone = Intervention.objects.open().alias(final=FINAL).filter(ends, ~Exists(coming)).only("pk")
    still = list(alone.filter(pk__in=known)) if known else []
    fresh = _next_part(alone.exclude(pk__in=known)).order_by("due_at", "id")[: max(0, LIMIT - len(still))]
    return [
        Fault(Alarm.NO_TIMER, f"intervention:{one.pk}", "Open, and no timer reminds anybody of it or ends it")
        for one in [*still, *fresh]
    ]


def late(now: datetime, known: Collection[str]) -> list[Fault]:
    """No timer of a question is overdue; of one that failed it is said that it is tried again."""
    overdue, before = Timer.objects.due(now - LATE), [UUID(one) for one in known]
    still = overdue.filter(intervention__in=before).order_by().values_list("intervention", "retry_at").distinct()
    # the first of the timers, not of the questions: after an outage all of them are overdue
    first = overdue.exclude(intervention__in=before).values_list("intervention", "retry_at")[:FIRST]
    found: dict[UUID, bool] = {}
    for pk, retry_at in [*(still if known else []), *first]:
        found[pk] = found.get(pk, False) or retry_at is not None
    return [
        Fault(Alarm.LATE_TIMER, f"intervention:{pk}", FAILED if failed else MISSED)
        for pk, failed in list(found.items())[: max(LIMIT, len(known))]
    ]


def _next_part(wrong: InterventionQuerySet) -> InterventionQuerySet:
    """Those of the wrong that lie in the part of the open questions whose turn it is.

    Where it ends is kept in the cache: who forgets it begins with the first due, and nothing is lost.
    """
    since: datetime | None = cache.get(PLACE)
    turn = Intervention.objects.open().order_by("due_at", "id")
    turn = turn.filter(due_at__gte=since) if since else turn
    upto = turn.values_list("due_at", flat=True)[AT_ONCE : AT_ONCE + 1].first()
    if upto == since:  # more than a part of them is due at one moment: take all that is left
        upto = None
    cache.set(PLACE, upto, None)
    wrong = wrong.filter(due_at__gte=since) if since else wrong
    return wrong.filter(due_at__lte=upto) if upto else wrong
