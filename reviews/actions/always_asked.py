"""What people are asked whatever the rules say, and what the rules say of how: final outputs, unknown outcomes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.utils import timezone

from reviews.actions import notices, rulebook
from reviews.models import CallIn, Intervention, Run, ToolCall
from reviews.models.writes import NewRows, Write
from reviews.policies import DUE_IN, Case, Judgement
from reviews.states import Kind, Risk, Ruling


def release(run: Run, agent: str, output: Any) -> Judgement:
    """How people are asked to release the output that this agent wrote; rules read it as the argument ``output``."""
    why = "Every output of this agent is reviewed before it is released."
    usual = Judgement(Ruling.ASKED, why, "Final output review", risk=Risk.HIGH, due_in=DUE_IN[Risk.HIGH])
    return _as_ruled(usual, _judged(run, Case("", agent, {"output": output}, Kind.FINAL_OUTPUT)))


def outcome(run: Run, call: ToolCall, earlier: Intervention | None, *, worker: str = "") -> Judgement:
    """How people are asked what became of a call that a ``worker`` had started: by no fewer than ``earlier`` was."""
    began = f"{call.started_at:%d %b %Y %H:%M:%S} UTC"
    who = f"The worker {worker}" if worker else "The worker"
    why = (
        f"{who} that ran {call.tool} (started {began}) has stopped answering. It may or may not have happened;"
        " a worker that only hangs may even do it later."
    )
    title = f"Did {call.tool} happen?"
    usual = Judgement(Ruling.ASKED, why, "Unknown outcome", title, Risk.CRITICAL, due_in=DUE_IN[Risk.CRITICAL])
    if earlier is not None:
        usual = replace(usual, **_demands_of(earlier))
    arguments = call.proposed if call.executed is None else call.executed
    return _as_ruled(usual, _judged(run, Case(call.tool, call.agent, arguments, Kind.UNKNOWN_OUTCOME)))


def earlier_question(call: ToolCall) -> Intervention | None:
    """The newest question that was asked about the call."""
    return call.interventions.select_related("queue").order_by("-created_at").first()


def take_over(asked: Intervention, earlier: Intervention | None) -> list[Write]:
    """Let those who were called in decide what became of the call as well, told of it, and remember barred owners.

    Returns what is to be stored once the question is.
    """
    if earlier is None:
        return []
    owners = [*(earlier.policy.get("owners") or ()), *(asked.policy.get("owners") or ())]
    if owners:
        asked.policy = {**asked.policy, "owners": list(dict.fromkeys(owners))}
    now, call_ins = timezone.now(), earlier.call_ins.filter(user__is_active=True).select_related("user")
    calls = list(call_ins.order_by("user"))
    rows = [CallIn(intervention=asked, user=it.user, level=asked.level, at=now, by_seat=it.by_seat) for it in calls]
    return [NewRows(rows), *notices.called_in(asked, [it.user for it in calls])] if rows else []


def _judged(run: Run, case: Case) -> Judgement:
    case.run, case.requester = (lambda: rulebook.facts_of(run)), (lambda: rulebook.requester_of(run))
    return rulebook.current().judge(case, agent=run.agent, author_asks=False)


def _demands_of(earlier: Intervention) -> dict[str, Any]:
    policy = earlier.policy
    return {
        "approvals": earlier.needed,
        "rejecting": policy.get("rejecting") or "any",
        "groups": tuple(policy.get("groups") or ()),
        "not_by": tuple(policy.get("not_by") or ()),
        "reason_required": bool(policy.get("reason_required")),
        "escalation": policy.get("escalation") or "",
        "queue": earlier.queue.slug,
    }


def _as_ruled(usual: Judgement, said: Judgement) -> Judgement:
    """The usual way of asking, with what a rule says; it may raise what is demanded, and lower nothing of it.

    A rule that names people or a queue names both: people who sit elsewhere could not answer.
    """
    if not said.rule:
        return usual
    risk = max(usual.risk, said.risk)
    names_people = bool(said.groups or said.queue)
    return replace(
        said,
        ruling=Ruling.ASKED,
        why=f"{usual.why} {said.why}",
        title=said.title or usual.title,
        risk=risk,
        due_in=DUE_IN[risk] if said.due_in == DUE_IN[said.risk] else said.due_in,
        reason_required=usual.reason_required or said.reason_required,
        queue=said.queue if names_people else usual.queue,
        groups=said.groups if names_people else usual.groups,
        approvals=max(usual.approvals, said.approvals),
        not_by=tuple(dict.fromkeys([*usual.not_by, *said.not_by])),
        rejecting=usual.rejecting if said.rejecting == "any" else said.rejecting,
        escalation=said.escalation or usual.escalation,
    )
