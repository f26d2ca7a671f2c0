"""One question before anything is done to it: locked, and whether it is still open to somebody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.utils import timezone

from reviews import access
from reviews.actions import eligibility, timers
from reviews.actions.errors import Conflict, Invalid, Late
from reviews.actions.text import storable
from reviews.actors import ActorType, listed, name_of, names_of
from reviews.models import Intervention, Run
from reviews.models.intervention import digest_of
from reviews.states import InterventionStatus, deed

MAX_REASON = 2_000
"""Characters of a reason for colleagues."""
ENDINGS = {"run.stopped": "stopped", "run.failed": "failed", "run.completed": "completed"}


def locked(intervention_id: UUID) -> tuple[Run, Intervention]:
    """The question and its run, which is locked until the transaction ends. Raises PermissionDenied for none."""
    return _locked(intervention_id)


def locked_for(by: User, intervention_id: UUID) -> tuple[Run, Intervention, bool]:
    """As `locked`, to somebody who may work on it; and whether the run has no other open question.

    Raises PermissionDenied.
    """
    others = Intervention.objects.open().filter(run=OuterRef("run")).exclude(pk=OuterRef("pk"))
    run, found = _locked(intervention_id, seated=access.works_on(by), is_last=~Exists(others))
    access.require_reviewer(by, found, seated=found.seated)
    return run, found, found.is_last


def require_open(intervention: Intervention) -> None:
    """Raises Late, saying who closed it and how."""
    if not intervention.is_open:
        raise Late(closed_text(intervention))


def require_open_for(by: User, intervention: Intervention, version: int | None) -> None:
    """Raises Conflict where it is closed, held by a colleague, voted on by ``by``, or not what they saw.

    Raises NotEligible where its policy wants somebody else.
    """
    require_open(intervention)
    eligibility.require(by, intervention)
    holder = holder_of(intervention)
    if holder not in (None, by):
        since = f" since {intervention.claimed_at:%d %b %Y at %H:%M:%S} UTC" if intervention.claimed_at else ""
        raise Conflict(f"{called(holder)} has claimed this item{since}.")
    if digest_of(intervention.proposal) != intervention.digest:
        raise Conflict("What is stored of this item is not what the agent asked; tell an administrator.")
    if version is not None and version != intervention.version:
        raise Conflict("This item has changed since you opened it. Look at it again before you decide.")


def require_seen(intervention: Intervention, version: int | None) -> None:
    """Raises Conflict where nobody can tell whether they saw what a colleague put to the vote."""
    if version is None and intervention.round > 1:
        raise Conflict(
            "A colleague has put something else to the vote than the agent proposed. Look at it, and decide on that "
            f"version: it is version {intervention.version}."
        )


def holder_of(intervention: Intervention) -> User | None:
    """Who may hold it against others.

    A claim that has run out, or of somebody who has left the queue, or the house, is as good as none.
    """
    holder, until = intervention.claimed_by, intervention.claim_expires_at
    if holder is None or (until is not None and until <= timezone.now()):
        return None
    return holder if access.can_work_on(holder, intervention) else None


def claim_span() -> timedelta:
    """How long a claim lasts that nobody renews."""
    return timedelta(seconds=getattr(settings, "FOUREYES_CLAIM_SECONDS", 900))


def put_back(intervention: Intervention) -> None:
    """End the claim on a locked question, if there is one."""
    if intervention.status == InterventionStatus.CLAIMED:
        gone = {"claimed_by": None, "claimed_at": None, "claim_expires_at": None}
        intervention.move_to(InterventionStatus.PENDING, **gone)


def closed_text(intervention: Intervention) -> str:
    """Who closed it, how and when, for the reviewer who came too late."""
    said = list(intervention.decisions.deciding().select_related("decided_by"))
    if not said:
        return _withdrawn_text(intervention)
    did, when = deed(intervention.kind, intervention.outcome, "this item"), said[-1].created_at
    return f"{listed(decision.decided_by for decision in said)} {did} on {when:%d %b %Y at %H:%M:%S} UTC."


def reason(text: str) -> str:
    """The reason in the form in which it is kept. Raises Invalid where there is none, or too much of it."""
    said: str = storable(text).strip()
    if not said:
        raise Invalid(reason="Say why: your colleagues read it.")
    if len(said) > MAX_REASON:
        raise Invalid(reason=f"This reason has more than {MAX_REASON:,} characters; shorten it.")
    return said


def called(user: User | None) -> str:
    """What the desk calls them."""
    return name_of(user) if user else "Somebody"


def _locked(intervention_id: UUID, **asked: Any) -> tuple[Run, Any]:
    try:
        run = Run.objects.locked_with(intervention_id)
    except Run.DoesNotExist:
        raise PermissionDenied(f"There is no item {intervention_id} that you may review.") from None
    joined = Intervention.objects.select_related("queue", "claimed_by", "assignee", "tool_call")
    intervention = joined.annotate(**asked).get(pk=intervention_id)  # read once the lock is held
    intervention.run = run
    return run, intervention


def _withdrawn_text(intervention: Intervention) -> str:
    if intervention.status == InterventionStatus.EXPIRED:
        return timers.over_text(intervention)
    ending = intervention.run.events.filter(kind__in=ENDINGS).last()
    if ending is None:
        return f"This item is {intervention.get_status_display().lower()}; it no longer needs a decision."
    did, when = ENDINGS[ending.kind], f"{ending.at:%d %b %Y at %H:%M:%S} UTC"
    who = names_of([ending.actor]).get(ending.actor) if ending.actor_type == ActorType.USER else None
    return f"{who or ending.actor} {did} the run on {when}; this item no longer needs a decision."
