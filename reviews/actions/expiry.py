"""Nobody has decided, and the time is over: what the policy said beforehand happens, and no person's name is on it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from reviews.actions import notices, runs, timers
from reviews.actions.targets import Roster
from reviews.actors import TIMEOUT
from reviews.audit import Act
from reviews.escalations import Final
from reviews.models import Intervention
from reviews.states import InterventionStatus, Kind, NoticeKind, Outcome, RunStatus, ToolCallStatus

CODE = "review_expired"
NO_REFUSAL = "This is a time-out, not a refusal by a person."


def end(intervention: Intervention, now: datetime, roster: Roster) -> list[Act]:
    """Bring a locked, open question to the end that its policy names; returns the acts to record.

    The timers left over are cancelled by who rings, once they know which have fired. Partial approvals count for
    nothing here. What was said to the agent is in the first act, word for word.
    """
    final = timers.escalation_of(intervention).final
    if final.do == "keep_waiting":
        return _keep_waiting(intervention, now, roster)
    told = told_to_agent(intervention, final)
    outcome = Outcome.DEFAULTED if final.do in ("continue_with_default", "approve") else ""
    notices.cancel(intervention)
    notices.owe(
        intervention, NoticeKind.EXPIRED, roster.people(intervention, ["managers"]), key=f"over:{intervention.pk}"
    )
    version = intervention.version + 1
    intervention.move_to(InterventionStatus.EXPIRED, outcome=outcome, decided_at=now, version=version)
    _settle(intervention, final, told)
    data = {"final": final.do, "told": told, "votes": intervention.votes, **_about(intervention)}
    over = Act("intervention.expired", TIMEOUT, intervention.run, intervention, data)
    return [over, *_let_go(intervention, final, str(told))]


def told_to_agent(intervention: Intervention, final: Final) -> Any:
    """What the agent reads in place of an output, or what the run's failure says; it never sounds like a refusal."""
    waited = f"Nobody decided within {timers.span_of(intervention)}"
    match final.do:
        case "continue_with_default":
            note = f"{waited}; this value is a configured default. {NO_REFUSAL}"
            return {"value": final.value, "source": "default", "note": note}
        case "approve":
            return f"{waited}; the policy lets this call run without an answer."
    if ends_the_run(intervention, final):
        return f"{waited} about {intervention.subject}, and the policy ends the run then. {NO_REFUSAL}"
    done = "so there is no answer" if intervention.kind == Kind.QUESTION else f"so {intervention.tool} was not run"
    return f"{waited}, {done}. {NO_REFUSAL} {final.message}".strip()


def ends_the_run(intervention: Intervention, final: Final) -> bool:
    """An output nobody released and a fact nobody knows leave the agent nothing to go on with."""
    return final.do == "fail_run" or intervention.kind in (Kind.FINAL_OUTPUT, Kind.UNKNOWN_OUTCOME)


def _settle(intervention: Intervention, final: Final, told: Any) -> None:
    """Write it into the ledger, where the worker reads it."""
    call = intervention.tool_call
    if call is None or ends_the_run(intervention, final):
        return
    if final.do == "approve":
        call.status = ToolCallStatus.APPROVED
    else:
        supplied = final.do == "continue_with_default"
        call.status = ToolCallStatus.SUPPLIED if supplied else ToolCallStatus.REFUSED
        call.output, call.finished_at = told, timezone.now()
    call.save(update_fields=["status", "output", "finished_at"])


def _let_go(intervention: Intervention, final: Final, told: str) -> list[Act]:
    run = intervention.run
    if ends_the_run(intervention, final):
        acts = runs.end(run, RunStatus.FAILED, error_code=CODE, error=told)
        return [*acts, Act("run.failed", TIMEOUT, run, data={"code": CODE, "error": told})]
    if run.status == RunStatus.AWAITING_REVIEW and not run.interventions.open().exists():
        return runs.queue(run)
    return []


def _keep_waiting(intervention: Intervention, now: datetime, roster: Roster) -> list[Act]:
    was = intervention.expires_at
    intervention.expires_at, intervention.overdue = None, True
    intervention.save(update_fields=["expires_at", "overdue"])
    timers.weekly(intervention, now)
    people = roster.people(intervention, ["holder", "managers"])
    notices.owe(intervention, NoticeKind.OVERDUE, people, key=f"waits:{intervention.pk}:{intervention.generation}")
    return [Act("intervention.kept_waiting", TIMEOUT, intervention.run, intervention, {"expired_at": was})]


def _about(intervention: Intervention) -> dict[str, Any]:
    call = intervention.tool_call
    return {
        "kind": intervention.kind,
        "tool": intervention.tool,
        "call_id": call.call_id if call else "",
        "proposal_digest": intervention.digest,
    }
