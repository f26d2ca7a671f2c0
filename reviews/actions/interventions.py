"""What reviewers do to a question: claim it, release it, decide it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from reviews import access, audit
from reviews.actions import late, notices, questions, quorum, runs, timers, verdicts, vote_acts
from reviews.actions.errors import Conflict, Invalid
from reviews.actions.text import is_deep, storable
from reviews.actors import SYSTEM, Actor, listed
from reviews.audit import Act
from reviews.models import Decision, Intervention, Run, Span
from reviews.states import InterventionStatus, Kind, RunStatus, Verdict


@late.told
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
    """Record the vote; settle the question once the votes suffice; queue the run once none of its questions is open.

    Where its policy wants several approvals, a vote that does not settle it leaves it open, and held by nobody.
    ``note`` is the feedback the agent reads: instead of a rejected call's output, else as a message. ``context`` is one
    more message to it; ``reason`` stays inside.
    ``replacement`` is the edited arguments or text, the supplied output, or the answer.
    ``version`` is the one the reviewer saw.
    Raises Conflict, Invalid, PermissionDenied (NotEligible where the policy wants somebody else).
    """
    run, intervention = questions.locked(intervention_id)  # the run first, always: one order of locks
    access.require_reviewer(by, intervention)
    questions.require_open_for(by, intervention, version)
    if is_deep(replacement, verdicts.DEEPEST):
        raise Invalid(replacement=f"This is nested more than {verdicts.DEEPEST} times; make it flatter.")
    note, reason, context = (storable(text).strip() for text in (note, reason, context))
    ballot = quorum.ballot(intervention)
    said = verdicts.Said(verdict, note, reason, storable(replacement), context)
    said = ballot.understood(verdicts.checked(intervention, said, under_vote=ballot.under_vote))

    decision = Decision.objects.create(
        intervention=intervention,
        verdict=said.verdict,
        decided_by=by,
        note=said.note,
        reason=said.reason,
        context=said.context,
        replacement=said.replacement,
        proposal_digest=intervention.digest,
        round=ballot.round_of(said),
        created_at=timezone.now(),
    )
    vote = ballot.with_vote(decision)
    settled = vote.settle()
    if intervention.needed == 1:
        acts = [Act(f"intervention.{said.verdict}", Actor.of(by), run, intervention, _account(decision, intervention))]
    else:
        acts = vote_acts.told(ballot, vote, _account(decision, intervention))
    if settled is not None:
        verdicts.apply(intervention, settled)
        notices.cancel(intervention)
        timers.cancel(intervention)
        _trace(run, intervention, decision, vote.deciding)
        acts += _release_run(run, intervention, settled.verdict)
    audit.record(*acts)
    return decision


@transaction.atomic
def claim(intervention_id: UUID, *, by: User) -> Intervention:
    """Reserve a question for one reviewer, for as long as `questions.claim_span` says; one's own stays one's own.

    Raises Conflict, PermissionDenied.
    """
    run, intervention = questions.locked(intervention_id)
    access.require_reviewer(by, intervention)
    questions.require_open_for(by, intervention, None)
    if questions.holder_of(intervention) != by:
        now = timezone.now()
        until = now + questions.claim_span()
        intervention.move_to(
            InterventionStatus.CLAIMED, claimed_by=by, claimed_at=now, claim_expires_at=until, snoozed_until=None
        )
        notices.cancel(intervention)
        audit.record(Act("intervention.claimed", Actor.of(by), run, intervention))
    return intervention


@transaction.atomic
def release(intervention_id: UUID, *, by: User) -> Intervention:
    """Give a claimed question back to everybody; a manager may release another's claim.

    Raises Conflict, PermissionDenied.
    """
    run, intervention = questions.locked(intervention_id)
    access.require_reviewer(by, intervention)
    questions.require_open(intervention)
    if intervention.status != InterventionStatus.CLAIMED:
        return intervention
    holder = intervention.claimed_by
    if questions.holder_of(intervention) not in (None, by) and not access.manages(by, intervention.queue_id):
        who = questions.called(holder)
        raise Conflict(f"{who} holds this item; only they or a manager of the queue can release it.")
    questions.put_back(intervention)
    audit.record(Act("intervention.released", Actor.of(by), run, intervention, {"held_by": questions.called(holder)}))
    return intervention


def _release_run(run: Run, intervention: Intervention, verdict: str) -> list[Act]:
    if intervention.kind == Kind.UNKNOWN_OUTCOME and verdict == Verdict.REJECT:
        why = f"A reviewer ended the run because the outcome of {intervention.tool} is unknown."
        acts = runs.end(run, RunStatus.FAILED, error_code="unknown_outcome", error=why)
        return [*acts, Act("run.failed", SYSTEM, run, data={"code": "unknown_outcome", "error": why})]
    if verdict == Verdict.REJECT:  # so that a gate need not look for what was rejected where nothing was
        run.rejections += 1
        run.save(update_fields=["rejections"])
    if run.status == RunStatus.AWAITING_REVIEW and not run.interventions.open().exists():
        return runs.queue(run)
    return []


def _trace(run: Run, intervention: Intervention, decision: Decision, deciding: Sequence[Decision]) -> None:
    waited = (decision.created_at - intervention.created_at).total_seconds()
    data = {
        "verdict": decision.verdict,
        "by": listed(said.decided_by for said in deciding),
        "waited_s": round(waited, 3),
    }
    Span.objects.create(
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
