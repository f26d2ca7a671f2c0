"""Holding a question: a claim that ends unless renewed, putting it aside for a while, and more time for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from reviews import access, audit
from reviews.actions import assignments, presence, questions, rounds, timers
from reviews.actions.errors import Conflict, Invalid
from reviews.actors import TIMEOUT, Actor
from reviews.audit import Act
from reviews.models import Intervention
from reviews.states import InterventionStatus

LONGEST_CLAIM = timedelta(hours=2)
"""After which a claim ends however busy its holder is."""
SHORTEST = 60
"""Seconds of the shortest extension."""


def renew(intervention_id: UUID, *, by: User) -> datetime | None:
    """Let their claim last on while they work at it; returns when it ends now, None where it is not theirs any more.

    One guarded statement decides, so the run need not be locked.
    """
    now = timezone.now()
    theirs = Intervention.objects.filter(
        pk=intervention_id, status=InterventionStatus.CLAIMED, claimed_by=by, claim_expires_at__gt=now
    )
    found = theirs.values_list("claimed_at", "claim_expires_at").first()
    if found is None:
        return None
    claimed_at, expires_at = found
    assert claimed_at is not None and expires_at is not None  # a claim has both
    until = max(expires_at, min(now + questions.claim_span(), claimed_at + LONGEST_CLAIM))
    return until if theirs.update(claim_expires_at=until) else None


def expire_claims() -> int:
    """Give back the questions whose claim has run out; returns how many. The clock's work, safe to do twice."""
    now = timezone.now()
    claimed = Intervention.objects.filter(status=InterventionStatus.CLAIMED)
    # claimed before claims had an end: theirs begins now
    claimed.filter(claim_expires_at__isnull=True).update(claim_expires_at=now + questions.claim_span())
    over = claimed.filter(claim_expires_at__lte=now).order_by("claim_expires_at")
    return rounds.each(over, _expire)


@transaction.atomic
def snooze(intervention_id: UUID, *, until: datetime, by: User) -> Intervention:
    """Put a question aside until then: it leaves their inbox, not their colleagues', and its clock goes on.

    It becomes theirs where it was nobody's, and their claim ends. Raises Conflict, Invalid, PermissionDenied.
    """
    run, intervention = questions.locked(intervention_id)
    _require_free_for(by, intervention)
    if intervention.assignee not in (None, by):
        who = questions.called(intervention.assignee)
        raise Conflict(f"This item is assigned to {who}; only they can put it aside.")
    if until <= timezone.now():
        raise Invalid(until="This moment has passed; choose a later one.")
    if until >= intervention.due_at:
        raise Invalid(until=f"It is due on {_at(intervention.due_at)}; choose an earlier moment.")
    if intervention.expires_at is not None and until >= intervention.expires_at:
        raise Invalid(until=f"It expires on {_at(intervention.expires_at)}; choose an earlier moment.")
    if presence.away([by.pk]):  # it would go to who stands in, and be hidden from them
        raise Conflict("You are out of office, so nothing is put aside for you. Say that you are back, or release it.")
    actor = Actor.of(by)
    acts = assignments.hand_to(intervention, by, actor) if intervention.assignee is None else []
    questions.put_back(intervention)
    intervention.snoozed_until = until
    intervention.save(update_fields=["snoozed_until"])
    audit.record(*acts, Act("intervention.snoozed", actor, run, intervention, {"until": until}))
    return intervention


@transaction.atomic
def unsnooze(intervention_id: UUID, *, by: User) -> Intervention:
    """Bring a question back that they, or somebody they manage, put aside. Raises Conflict, PermissionDenied."""
    run, intervention = questions.locked(intervention_id)
    if intervention.assignee != by:
        access.require_manager(by, intervention)
    questions.require_open(intervention)
    if intervention.snoozed_until is not None:
        _wake(intervention)
        audit.record(Act("intervention.woken", Actor.of(by), run, intervention))
    return intervention


def wake() -> int:
    """Bring back the questions that were put aside until now; returns how many. The clock's work, safe to do twice."""
    over = Intervention.objects.open().filter(snoozed_until__lte=timezone.now()).order_by("snoozed_until")
    return rounds.each(over, _wake_in_time)


@transaction.atomic
def extend(intervention_id: UUID, *, seconds: int, reason: str, by: User) -> Intervention:
    """Put off when a question is due, for a reason, never beyond its expiry: by seconds of its own clock.

    Settings say by how much at once and how often. Raises Conflict, Invalid, PermissionDenied.
    """
    run, intervention = questions.locked(intervention_id)
    _require_free_for(by, intervention)
    most, times = settings.FOUREYES_EXTEND_SECONDS, settings.FOUREYES_EXTENSIONS
    if intervention.asked_back_at is not None:
        raise Conflict("This item waits for an answer, and its clock stands; extend it when the answer is there.")
    if intervention.extended >= times:
        raise Conflict(f"This item was extended {times} times already; decide it, or escalate it.")
    if not SHORTEST <= seconds <= most:
        raise Invalid(seconds=f"An extension is {SHORTEST // 60} to {most // 60:,} minutes.")
    reason = questions.reason(reason)
    was, due_at = intervention.due_at, timers.due_after(intervention, seconds)
    if intervention.expires_at is not None and due_at > intervention.expires_at:
        raise Invalid(seconds=f"It expires on {_at(intervention.expires_at)} and cannot be due after that.")
    if due_at <= timezone.now():
        raise Invalid(seconds="It would be overdue all the same; extend it by more, or decide it.")
    intervention.extended += 1
    intervention.save(update_fields=["extended"])
    timers.reschedule(intervention, timezone.now(), later=seconds)
    data = {"seconds": seconds, "due_at": due_at, "was": was, "reason": reason, "times": intervention.extended}
    audit.record(Act("intervention.extended", Actor.of(by), run, intervention, data))
    return intervention


def _require_free_for(by: User, intervention: Intervention) -> None:
    access.require_reviewer(by, intervention)
    questions.require_open_for(by, intervention, None)


@transaction.atomic
def _expire(intervention_id: UUID) -> bool:
    run, intervention = questions.locked(intervention_id)
    until, holder = intervention.claim_expires_at, intervention.claimed_by
    if intervention.status != InterventionStatus.CLAIMED or until is None or until > timezone.now():
        return False  # decided, released or renewed since the list was made
    questions.put_back(intervention)
    audit.record(Act("claim.expired", TIMEOUT, run, intervention, {"held_by": questions.called(holder)}))
    return True


@transaction.atomic
def _wake_in_time(intervention_id: UUID) -> bool:
    run, intervention = questions.locked(intervention_id)
    until = intervention.snoozed_until
    if not intervention.is_open or until is None or until > timezone.now():
        return False
    _wake(intervention)
    audit.record(Act("intervention.woken", TIMEOUT, run, intervention))
    return True


def _wake(intervention: Intervention) -> None:
    intervention.snoozed_until = None
    intervention.save(update_fields=["snoozed_until"])


def _at(moment: datetime) -> str:
    return f"{moment:%d %b %Y at %H:%M} UTC"
