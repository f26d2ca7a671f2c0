"""Open questions without a timer: opened before there were any, or robbed of theirs. The clock gives them moments."""

from __future__ import annotations

from uuid import UUID

from django.core.cache import cache
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from reviews import audit
from reviews.actions import questions, rounds, timers
from reviews.actors import CLOCK
from reviews.audit import Act
from reviews.models import Intervention, Timer

REST = 60
"""Seconds until they are looked for again, once there are none left: it means to go through all that is open."""
RESTS = "adopting-rests"


def adopt() -> int:
    """Give moments to open questions that have none to come; returns how many. The clock's work, safe to do twice."""
    if cache.get(RESTS):
        return 0
    coming = Timer.objects.waiting().filter(intervention=OuterRef("pk"))
    adopted = rounds.each(Intervention.objects.open().filter(~Exists(coming)).order_by("due_at", "id"), _adopt)
    if adopted < rounds.AT_ONCE:
        cache.set(RESTS, True, REST)
    return adopted


@transaction.atomic
def _adopt(intervention_id: UUID) -> bool:
    run, intervention = questions.locked(intervention_id)
    theirs = Timer.objects.filter(intervention=intervention)
    if not intervention.is_open or theirs.waiting().exists():
        return False
    if theirs.exists():  # what has fired or was cancelled stays as it is; the moments to come are a new generation
        intervention.generation += 1
        intervention.save(update_fields=["generation"])
    acts = timers.schedule_anew(intervention, timezone.now())
    data = {"due_at": intervention.due_at, "until": intervention.expires_at}
    audit.record(*acts, Act("escalation.adopted", CLOCK, run, intervention, data))
    return True
