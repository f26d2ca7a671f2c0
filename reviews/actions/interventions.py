"""What reviewers do to a question: claim it, release it, decide it."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from reviews import access, audit
from reviews.actions import runs, verdicts
from reviews.actions.errors import Conflict, Invalid
from reviews.actions.text import is_deep, storable
from reviews.actors import SYSTEM, Actor, ActorType, name_of, names_of
from reviews.audit import Act
from reviews.models import Decision, Intervention, New, Run, Saved, Span
from reviews.models.intervention import digest_of
from reviews.models.writes import Write
from reviews.states import OUTCOME_OF, InterventionStatus, Kind, RunStatus, Verdict, deed

ENDINGS = {"run.stopped": "stopped", "run.failed": "failed", "run.completed": "completed"}


@transaction.atomic
def decide(
    intervention_id: UUID,
    *,
    by: User,
    verdict: str,
    note: str = "",
    reason: str = "",
    replacement: Any = None,
    context: str = "",
    version: int | None = None,
) -> Decision:
    """Record the verdict; queue the run once none of its questions is open.

    ``note`` is the feedback the agent reads: instead of a rejected call's output, else as a message. ``context`` is one
    more message to it; ``reason`` stays inside.
    ``replacement`` is the edited arguments or text, the supplied output, or the answer.
    ``version`` is the one the reviewer saw.
    Raises Conflict, Invalid, PermissionDenied.
    """
    run, intervention, last = _locked(intervention_id, by)  # the run first, always: one order of locks
    _require_open_for(by, intervention, version)
    if is_deep(replacement, verdicts.DEEPEST):
        raise Invalid(replacement=f"This is nested more than {verdicts.DEEPEST} times; make it flatter.")
    note, reason, context = (storable(text).strip() for text in (note, reason, context))
    said = verdicts.checked(intervention, verdicts.Said(verdict, note, reason, storable(replacement), context))

    now = timezone.now()
    outcome = OUTCOME_OF[said.verdict]
    version = intervention.version + 1
    decided = intervention.moved_to(InterventionStatus.DECIDED, outcome=outcome, decided_at=now, version=version)
    decision = Decision(
        intervention=intervention,
        verdict=said.verdict,
        decided_by=by,
        note=said.note,
        reason=said.reason,
        context=said.context,
        replacement=said.replacement,
        proposal_digest=intervention.digest,
        created_at=now,
    )
    writes = [decided, New(decision), *verdicts.applied(intervention, said), New(_trace(run, intervention, decision))]
    act = Act(f"intervention.{said.verdict}", Actor.of(by), run, intervention, _account(decision, intervention))
    if intervention.kind == Kind.UNKNOWN_OUTCOME and said.verdict == Verdict.REJECT:
        for one in writes:
            one.make()
        audit.record(act, *_end_run(run, intervention))
        return decision
    released, acts = _release_run(run, said.verdict, last=last)
    audit.record(act, *acts, writes=[*writes, *released])
    return decision


@transaction.atomic
def claim(intervention_id: UUID, *, by: User) -> Intervention:
    """Reserve a question for one reviewer; one's own stays one's own. Raises Conflict, PermissionDenied."""
    run, intervention, _ = _locked(intervention_id, by)
    _require_open_for(by, intervention, None)
    if holder_of(intervention) != by:
        intervention.move_to(InterventionStatus.CLAIMED, claimed_by=by, claimed_at=timezone.now())
        audit.record(Act("intervention.claimed", Actor.of(by), run, intervention))
    return intervention


@transaction.atomic
def release(intervention_id: UUID, *, by: User) -> Intervention:
    """Give a claimed question back to everybody; a manager may release another's claim.

    Raises Conflict, PermissionDenied.
    """
    run, intervention, _ = _locked(intervention_id, by)
    if not intervention.is_open:
        raise Conflict(closed_text(intervention))
    if intervention.status != InterventionStatus.CLAIMED:
        return intervention
    holder = intervention.claimed_by
    if holder_of(intervention) not in (None, by) and not access.manages(by, intervention.queue_id):
        raise Conflict(f"{_name(holder)} holds this item; only they or a manager of the queue can release it.")
    intervention.move_to(InterventionStatus.PENDING, claimed_by=None, claimed_at=None)
    audit.record(Act("intervention.released", Actor.of(by), run, intervention, {"held_by": _name(holder)}))
    return intervention


def closed_text(intervention: Intervention) -> str:
    """Who closed it, how and when, for the reviewer who came too late."""
    decision = intervention.decisions.select_related("decided_by").last()
    if decision is None:
        return _withdrawn_text(intervention)
    did = deed(intervention.kind, intervention.outcome, "this item")
    return f"{_name(decision.decided_by)} {did} on {decision.created_at:%d %b %Y at %H:%M:%S} UTC."


def _withdrawn_text(intervention: Intervention) -> str:
    ending = intervention.run.events.filter(kind__in=ENDINGS).last()
    if ending is None:
        return f"This item is {intervention.get_status_display().lower()}; it no longer needs a decision."
    did, when = ENDINGS[ending.kind], f"{ending.at:%d %b %Y at %H:%M:%S} UTC"
    who = names_of([ending.actor]).get(ending.actor) if ending.actor_type == ActorType.USER else None
    return f"{who or ending.actor} {did} the run on {when}; this item no longer needs a decision."


def _locked(intervention_id: UUID, by: User) -> tuple[Run, Intervention, bool]:
    """The run, locked; the question, which that person may review; and whether the run has no other open one.

    Raises PermissionDenied.
    """
    try:
        run = Run.objects.locked_with(intervention_id)
    except Run.DoesNotExist:
        raise PermissionDenied(f"There is no item {intervention_id} that you may review.") from None
    others = Intervention.objects.open().filter(run=OuterRef("run")).exclude(pk=OuterRef("pk"))
    whole = Intervention.objects.select_related("queue", "claimed_by", "tool_call")
    found: Any = whole.annotate(seated=access.has_seat(by, "queue"), is_last=~Exists(others)).get(pk=intervention_id)
    access.require_reviewer(by, found, seated=found.seated)
    return run, found, found.is_last


def _require_open_for(by: User, intervention: Intervention, version: int | None) -> None:
    if not intervention.is_open:
        raise Conflict(closed_text(intervention))
    holder = holder_of(intervention)
    if holder not in (None, by):
        since = f" since {intervention.claimed_at:%d %b %Y at %H:%M:%S} UTC" if intervention.claimed_at else ""
        raise Conflict(f"{_name(holder)} has claimed this item{since}.")
    if digest_of(intervention.proposal) != intervention.digest:
        raise Conflict("What is stored of this item is not what the agent asked; tell an administrator.")
    if version is not None and version != intervention.version:
        raise Conflict("This item has changed since you opened it. Look at it again before you decide.")


def holder_of(intervention: Intervention) -> User | None:
    """Who may hold it against others: a claim of somebody who has left the queue, or the house, is as good as none."""
    holder = intervention.claimed_by
    return holder if holder and access.can_work_in(holder, intervention.queue_id) else None


def _end_run(run: Run, intervention: Intervention) -> list[Act]:
    why = f"A reviewer ended the run because the outcome of {intervention.tool} is unknown."
    acts = runs.end(run, RunStatus.FAILED, error_code="unknown_outcome", error=why)
    return [*acts, Act("run.failed", SYSTEM, run, data={"code": "unknown_outcome", "error": why})]


def _release_run(run: Run, verdict: str, *, last: bool) -> tuple[list[Write], list[Act]]:
    fields: list[str] = []
    acts: list[Act] = []
    if verdict == Verdict.REJECT:  # so that a gate need not look for what was rejected where nothing was
        run.rejections += 1
        fields.append("rejections")
    if run.status == RunStatus.AWAITING_REVIEW and last:
        queued, acts = runs.queued(run)
        fields += queued.fields
    return [Saved(run, fields)] if fields else [], acts


def _trace(run: Run, intervention: Intervention, decision: Decision) -> Span:
    waited = (decision.created_at - intervention.created_at).total_seconds()
    data = {"verdict": decision.verdict, "by": _name(decision.decided_by), "waited_s": round(waited, 3)}
    return Span(
        run=run,
        span_id=f"span_{secrets.token_hex(12)}",
        trace_id=run.trace_id,
        kind="human_decision",
        name=intervention.title[:200],
        started_at=intervention.created_at,
        ended_at=decision.created_at,
        data=data | {"intervention": str(intervention.pk), "kind": intervention.kind},
    )


def _account(decision: Decision, intervention: Intervention) -> dict[str, Any]:
    """What the book keeps of a verdict: all of it, and what it was a verdict on."""
    call = intervention.tool_call
    return {
        "kind": intervention.kind,
        "tool": intervention.tool,
        "call_id": call.call_id if call else "",
        "proposal": intervention.proposal,
        "proposal_digest": decision.proposal_digest,
        "replacement": decision.replacement,
        "note": decision.note,
        "reason": decision.reason,
        "context": decision.context,
    }


def _name(user: User | None) -> str:
    return name_of(user) if user else "Somebody"
