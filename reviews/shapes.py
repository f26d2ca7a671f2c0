"""What programs are told of each noun, as JSON: stable keys, lower-case words, times in UTC with a Z."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Model, QuerySet

from reviews import access
from reviews.actions import attempts, quorum, repeats
from reviews.actions.attempts import Effect
from reviews.catalog import AgentCard
from reviews.meanings import means
from reviews.models import Checkpoint, Decision, Event, Intervention, Run, ToolCall, Trial
from reviews.states import Risk, Verdict

Shape = dict[str, Any]
M = TypeVar("M", bound=Model)
MOST = 200
"""Rows of one sort inside a run in full; the newest are kept and ``left_out`` counts the others."""


def agent(card: AgentCard) -> Shape:
    """A registered agent."""
    return {
        "agent": card.slug,
        "title": card.title,
        "description": card.description,
        "queue": card.queue,
        "version": card.version,
        "tools": list(card.tools),
        "review_output": card.review_output,
        "scripted": card.scripted,
        "sample_input": card.sample_input,
    }


def run(run: Run) -> Shape:
    """A run without what happened in it."""
    return {
        "id": str(run.pk),
        "agent": run.agent,
        "agent_version": run.agent_version,
        "queue": run.queue.slug,
        "status": run.status,
        "input": run.input,
        "result": run.result,
        "error": run.error or None,
        "error_code": run.error_code or None,
        "hold": run.hold,
        "scripted": run.scripted,
        "model": run.model or None,
        "usage": run.usage,
        "trace_id": run.trace_id or None,
        "started_by": _who(run.started_by),
        "retry_of": str(run.retry_of_id) if run.retry_of_id else None,
        "dry_run": run.dry_run,
        "forked_from": {"run": str(run.fork_of_id), "checkpoint": run.forked_at} if run.fork_of_id else None,
        "created_at": moment(run.created_at),
        "started_at": moment(run.started_at),
        "finished_at": moment(run.finished_at),
    }


def run_in_full(row: Run, viewer: User | None = None) -> Shape:
    """A run with its calls, its questions and its history, oldest first; at most ``MOST`` of each.

    ``viewer`` is whose eyes it is for: a vote that they are to cast without knowing the others' shows none of them.
    """
    asked = row.interventions.select_related("run", "queue", "claimed_by", "assignee", "tool_call")
    asked = asked.prefetch_related("decisions__decided_by")
    calls, calls_left = _newest(row.tool_calls.order_by("-id"))
    questions, questions_left = _newest(asked.order_by("-created_at", "-id"))
    history, history_left = _newest(row.events.order_by("-seq"))
    hidden = access.blind(viewer, questions)
    written = attempts.written(row)
    branches = list(row.forks.order_by("created_at").values_list("pk", "dry_run"))
    return run(row) | {
        "checkpoints": [checkpoint(saved) for saved in row.checkpoints.defer("state").order_by("number")],
        "forks": [str(pk) for pk, is_dry in branches if not is_dry],
        "trial": trial(row.trial) if row.dry_run else None,
        "trials": [str(pk) for pk, is_dry in branches if is_dry],
        "tool_calls": [tool_call(call, written.get(call.call_id)) for call in calls],
        "interventions": [_with_decisions(question, viewer, hidden) for question in questions],
        "events": [event(access.masked(line, hidden, viewer)) for line in history],
        "left_out": {"tool_calls": calls_left, "interventions": questions_left, "events": history_left},
    }


def intervention(row: Intervention) -> Shape:
    """A question as the inbox lists it."""
    return {
        "id": str(row.pk),
        "run": str(row.run_id),
        "kind": row.kind,
        "agent": row.run.agent,
        "asked_by": row.agent,
        "tool": row.tool,
        "call_id": row.tool_call.call_id if row.tool_call else None,
        "arguments": row.proposal,
        "title": row.title,
        "why": row.why,
        "risk": Risk(row.risk).name.lower(),
        "queue": row.queue.slug,
        "status": row.status,
        "outcome": row.outcome or None,
        "approvals": {"needed": row.needed, "given": row.given},
        "verdicts": [str(verdict) for verdict in row.verdicts] if row.is_open else [],
        "means": _means(row, "" if row.round > 1 else Verdict.APPROVE),
        "reason_required": bool(row.policy.get("reason_required")),
        "claimed_by": _who(row.claimed_by),
        "claimed_at": moment(row.claimed_at),
        "claim_expires_at": moment(row.claim_expires_at),
        "assignee": _who(row.assignee),
        "snoozed_until": moment(row.snoozed_until),
        "asked_back_at": moment(row.asked_back_at),
        "extended": row.extended,
        "due_at": moment(row.due_at),
        "expires_at": moment(row.expires_at),
        "level": row.level,
        "rejections": row.rejections,
        "version": row.version,
        "round": row.round,
        "created_at": moment(row.created_at),
        "decided_at": moment(row.decided_at),
    }


def intervention_in_full(row: Intervention, viewer: User | None = None) -> Shape:
    """A question with the rule's name, the schema an edit must meet, and what was said to it; as in `run_in_full`."""
    earlier = [_rejection(said) for said in repeats.rejections(row)]
    moved = quorum.ballot(row).motion if row.is_open else None
    more = {
        "means": _means(row, moved.verdict if moved else Verdict.APPROVE),
        "rejected_before": earlier,
        "is_last": row.is_open and repeats.is_last(row),
        "attempt": _attempt(attempts.asked_about(row)),
        "already_ran": [effect(found) for found in attempts.already_ran(row, viewer)],
        "rule": row.policy.get("name") or None,
        "schema": row.schema,
        "run_status": row.run.status,
        "under_vote": _under_vote(moved),
    }
    return _with_decisions(row, viewer, access.blind(viewer, [row])) | more


def _means(row: Intervention, under_vote: str) -> dict[str, str]:
    if not row.is_open:
        return {}
    return {str(verdict): means(row.kind, verdict, row.tool, under_vote=under_vote) for verdict in row.verdicts}


def _under_vote(moved: Decision | None) -> Shape | None:
    """What a colleague put to the vote in place of the proposal; not who, for that may be hidden."""
    return {"verdict": moved.verdict, "replacement": moved.replacement} if moved else None


def effect(found: Effect) -> Shape:
    """Where the same call already ran, in a run that this one goes on from or repeats."""
    call = tool_call(found.call, found.written_by)
    keys = ("call_id", "status", "output", "output_by", "error", "started_at", "finished_at")
    told = {key: call[key] for key in keys}
    return {"run": str(found.call.run_id), "arguments": found.arguments} | told


def _attempt(account: dict[str, Any] | None) -> Shape | None:
    """The attempt whose end nobody knows."""
    if account is None:
        return None
    began = datetime.fromisoformat(account["started_at"]) if account["started_at"] else None
    told = {"worker": account["worker"] or None, "started_at": moment(began)}
    return told | {"idempotency_key": account["idempotency_key"]}


def _rejection(row: Decision) -> Shape:
    said = {"by": row.decided_by.get_username(), "note": row.note, "at": moment(row.created_at)}
    return {"intervention": str(row.intervention_id)} | said


def decision(row: Decision) -> Shape:
    """One verdict; ``reason`` stays inside, the agent never reads it. One of an earlier ``round`` counts no more."""
    return {
        "verdict": row.verdict,
        "means": means(row.intervention.kind, row.verdict, row.intervention.tool),
        "round": row.round,
        "by": row.decided_by.get_username(),
        "note": row.note,
        "reason": row.reason,
        "context": row.context,
        "replacement": row.replacement,
        "at": moment(row.created_at),
    }


def trial(row: Trial) -> Shape:
    """The verdict that a dry run tries; nobody decided it."""
    return {
        "intervention": str(row.intervention_id),
        "verdict": row.verdict,
        "tried_by": row.tried_by.get_username(),
        "note": row.note,
        "context": row.context,
        "replacement": row.replacement,
        "at": moment(row.created_at),
    }


def tool_call(row: ToolCall, written_by: User | None = None) -> Shape:
    """One call the model asked for and what became of it; ``written_by`` is the person who wrote its output."""
    return {
        "call_id": row.call_id,
        "tool": row.tool,
        "agent": row.agent,
        "proposed": row.proposed,
        "executed": row.executed,
        "status": row.status,
        "ruling": row.ruling,
        "why": row.why,
        "output": row.output,
        "output_by": _who(written_by),
        "error": row.error or None,
        "idempotent": row.idempotent,
        "idempotency_key": row.idempotency_key,
        "created_at": moment(row.created_at),
        "started_at": moment(row.started_at),
        "finished_at": moment(row.finished_at),
    }


def checkpoint(row: Checkpoint) -> Shape:
    """One saved state; ``asked`` says that a person was asked there, so it is kept."""
    return {
        "number": row.number,
        "asked": row.asked,
        "agent_version": row.agent_version,
        "digest": row.digest,
        "created_at": moment(row.created_at),
    }


def event(row: Event) -> Shape:
    """One line of a run's history."""
    return {
        "seq": row.seq,
        "kind": row.kind,
        "actor_type": row.actor_type,
        "actor": row.actor,
        "intervention": str(row.intervention_id) if row.intervention_id else None,
        "data": row.data,
        "at": moment(row.at),
    }


def moment(at: datetime | None) -> str | None:
    """A time as ISO 8601 in UTC, ``2026-03-01T09:30:00.000000Z``; always with microseconds, so that it sorts."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z") if at else None


def _with_decisions(row: Intervention, viewer: User | None, hidden: Collection[UUID]) -> Shape:
    said: Iterable[Decision] = row.decisions.all()
    if viewer is not None and row.pk in hidden:
        said = [one for one in said if one.decided_by_id == viewer.pk]
    return intervention(row) | {"decisions": [decision(one) for one in said]}


def _newest(rows: QuerySet[M]) -> tuple[list[M], int]:
    """The first rows of a list that runs from new to old, turned round, and how many were left out."""
    found = list(rows[:MOST])
    return found[::-1], rows.count() - MOST if len(found) == MOST else 0


def _who(user: User | None) -> str | None:
    return user.get_username() if user else None
