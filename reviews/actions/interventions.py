"""What reviewers do to a question: claim it, release it, decide it."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from reviews import access, audit
from reviews.actions import edits, late, notices, questions, quorum, runs, stalled, timers, verdicts, vote_acts
from reviews.actions.errors import Conflict, Invalid
from reviews.actions.quorum import Ballot
from reviews.actions.text import is_deep, storable
from reviews.actions.verdicts import Said
from reviews.actors import SYSTEM, Actor, listed
from reviews.audit import Act
from reviews.models import Decision, Intervention, New, Run, Saved, Span
from reviews.models.writes import Write
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
    ``version`` is the one the reviewer saw; it must be given once something else than the proposal is put to the vote.
    Raises Conflict, Invalid, PermissionDenied (NotEligible where the policy wants somebody else).
    """
    run, intervention, is_last = questions.locked_for(by, intervention_id)  # the run first, always: one order of locks
    questions.require_open_for(by, intervention, version)
    questions.require_seen(intervention, version)
    if is_deep(replacement, verdicts.DEEPEST):
        raise Invalid(replacement=f"This is nested more than {verdicts.DEEPEST} times; make it flatter.")
    note, reason, context = (storable(text).strip() for text in (note, reason, context))
    ballot = quorum.ballot(intervention)
    said = verdicts.Said(verdict, note, reason, storable(replacement), context)
    said = ballot.understood(verdicts.checked(intervention, said, under_vote=ballot.under_vote))
    raised = edits.judged(ballot, said, by=by)

    decision = Decision(
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
    settled, counted = vote.settled()
    writes: list[Write] = [counted, New(decision)]
    if intervention.needed == 1:
        account = _account(decision, intervention)
        acts = [*raised, Act(f"intervention.{said.verdict}", Actor.of(by), run, intervention, account)]
    else:
        acts = [*raised, *vote_acts.told(ballot, vote, _account(decision, intervention))]
    if settled is None:
        audit.record(*stalled.helped(vote), *acts, writes=writes)  # the vote last: open pages tell the newest act
    else:
        _settle(run, vote, settled, is_last=is_last, writes=writes, acts=acts)
    return decision


@transaction.atomic
def claim(intervention_id: UUID, *, by: User) -> Intervention:
    """Reserve a question for one reviewer, for as long as `questions.claim_span` says; one's own stays one's own.

    Raises Conflict, PermissionDenied.
    """
    run, intervention, _ = questions.locked_for(by, intervention_id)
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
    run, intervention, _ = questions.locked_for(by, intervention_id)
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


def _settle(run: Run, vote: Ballot, settled: Said, *, is_last: bool, writes: list[Write], acts: list[Act]) -> None:
    """Do what a vote comes to that settled its question, and write it into the book, with what was written of it."""
    intervention = vote.intervention
    notices.cancel(intervention)  # before the book: their senders lock such rows without the run's lock
    writes = [*writes, *verdicts.applied(intervention, settled), timers.cancelled(intervention)]
    writes.append(New(_trace(run, intervention, vote)))
    if intervention.kind == Kind.UNKNOWN_OUTCOME and settled.verdict == Verdict.REJECT:
        for one in writes:
            one.make()
        audit.record(*acts, *_end_run(run, intervention))
        return
    released, more = _release_run(run, settled.verdict, last=is_last)
    audit.record(*acts, *more, writes=[*writes, *released])


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


def _trace(run: Run, intervention: Intervention, vote: Ballot) -> Span:
    decision = vote.votes[-1]
    waited = (decision.created_at - intervention.created_at).total_seconds()
    data = {
        "verdict": decision.verdict,
        "by": listed(said.decided_by for said in vote.deciding),
        "waited_s": round(waited, 3),
    }
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
