"""The moments of a question: made with it, moved with it, cancelled with it. What they do is in `firing`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from reviews import escalations
from reviews.actions.circumstances import Circumstances, calendar_of
from reviews.actors import POLICY
from reviews.audit import Act
from reviews.businesstime import BadCalendar, Calendar, Clock
from reviews.escalations import BadEscalation, Escalation, Final
from reviews.models import EscalationPolicy, Intervention, Timer
from reviews.models.writes import NewRows, Updated, Write
from reviews.states import Kind, Verdict

CALLING = ("add_reviewers", "escalate")
"""The steps that bring more people to a question."""
KEY = "time"
"""Where the frozen policy of a question keeps its own policy of time."""


def scheduled(intervention: Intervention, now: datetime, around: Circumstances) -> tuple[Write, list[Act]]:
    """Give a new question its due moments; returns their rows, to be stored with it, and the acts to record.

    The policy of time that its rule names, or else that of its risk, is frozen into it with the calendar. One that is
    gone or cannot be read is replaced by that of the risk, and the book says so.
    """
    slug, acts = intervention.policy.get("escalation") or "", []
    try:
        said, calendar, source = _named(slug) if slug else (None, None, {})
    except (BadEscalation, BadCalendar) as error:
        said, calendar, source = None, None, {}
        acts.append(
            Act("escalation.replaced", POLICY, intervention.run, intervention, {"name": slug, "why": str(error)})
        )
    if said is None:
        said = escalations.default_for(intervention.risk, intervention.policy.get("due_in"))
        calendar = around.office if said.clock == "business" else None
    said = replace(said, final=_final(said, intervention))
    dated = escalations.plan(said, calendar, now)
    frozen = source | {"body": said.snapshot(), "calendar": calendar.snapshot() if calendar else None}
    intervention.policy = {**intervention.policy, KEY: frozen}
    intervention.due_at = next(one.at for one in dated if one.kind == escalations.DUE)
    intervention.expires_at = next((one.at for one in dated if one.kind == escalations.EXPIRE), None)
    return NewRows([_row(intervention, one) for one in dated if not one.lost]), acts


def cancel(*closed: Intervention) -> None:
    """No timer of these questions fires any more: call it in the transaction that closes them. One statement."""
    cancelled(*closed).make()


def cancelled(*closed: Intervention) -> Write:
    """As `cancel`; what is to be changed is left to the caller, who has locked the run and names at least one."""
    return Updated(Timer.objects.waiting().filter(intervention__in=closed), {"cancelled_at": timezone.now()})


def reschedule(
    intervention: Intervention,
    now: datetime,
    *,
    later: float = 0,
    since: datetime | None = None,
    due_at: datetime | None = None,
) -> None:
    """Move the due moment of a locked question, and its steps to come with it; the hard end stays where it is.

    By ``later`` seconds of its own clock, by what passed on that clock ``since`` it was put on hold, or to ``due_at``.
    Nothing is moved past the hard end: a step that would come after it comes no more.
    """
    clock, was, end = clock_of(intervention), intervention.due_at, intervention.expires_at
    if since is not None:
        later = clock.between(since, now)
    elif due_at is not None:
        later = clock.between(was, due_at)
    due = clock.add(was, later) if due_at is None and later else due_at or was
    intervention.due_at = due if end is None else min(due, max(was, end))
    intervention.overdue = intervention.overdue and intervention.due_at <= now
    intervention.save(update_fields=["due_at", "overdue"])
    moved = []
    for timer in Timer.objects.waiting().filter(intervention=intervention, kind__in=(Timer.Kind.STEP, Timer.Kind.DUE)):
        moment = intervention.due_at if timer.kind == Timer.Kind.DUE else clock.add(timer.due_at, later)
        timer.due_at = timer.intended_at = moment
        timer.cancelled_at = now if end is not None and moment >= end else None
        moved.append(timer)
    Timer.objects.bulk_update(moved, ["due_at", "intended_at", "cancelled_at"])
    if intervention.due_at > now:
        _due_again(intervention)


def hurry(intervention: Intervention, now: datetime) -> bool:
    """Let the next step that brings people to a locked question be done now; False where there is none to come."""
    steps = escalation_of(intervention).steps
    waiting = Timer.objects.waiting().filter(intervention=intervention, kind=Timer.Kind.STEP)
    for timer in waiting.order_by("due_at", "step_no", "id"):
        if steps[timer.step_no - 1].do in CALLING:
            timer.due_at = min(timer.due_at, now)
            timer.save(update_fields=["due_at"])
            return True
    return False


def without_approval(policy: Mapping[str, Any]) -> dict[str, Any]:
    """The frozen policy, once several must agree: then time that runs out approves nothing."""
    frozen = policy.get(KEY) or {}
    body = frozen.get("body") or {}
    if (policy.get("approvals") or 1) == 1 or (body.get("final") or {}).get("do") != "approve":
        return dict(policy)
    return {**policy, KEY: {**frozen, "body": {**body, "final": Final("reject").snapshot()}}}


def clock_of(intervention: Intervention) -> Clock:
    """The clock its answer is due on."""
    frozen = intervention.policy.get(KEY) or {}
    calendar = Calendar.read(frozen["calendar"]) if frozen.get("calendar") else None
    return escalations.clock_of(escalation_of(intervention), calendar)


def escalation_of(intervention: Intervention) -> Escalation:
    """The policy of time it was opened under; one opened before there were any has that of its risk."""
    frozen = intervention.policy.get(KEY) or {}
    return escalations.read(frozen["body"]) if "body" in frozen else escalations.default_for(intervention.risk)


def over_text(intervention: Intervention) -> str:
    """What the clock did to an item that expired, for the reviewer who came too late."""
    when = f"{intervention.decided_at:%d %b %Y at %H:%M:%S} UTC" if intervention.decided_at else "the way"
    final = escalation_of(intervention).final
    return f"Nobody decided this item within {span_of(intervention)}, so its time ran out on {when}: {final}."


def span_of(intervention: Intervention) -> str:
    """How long it waited, as people say it: 45 minutes, 4 hours, 2 days."""
    end = intervention.expires_at or timezone.now()
    seconds = (end - intervention.created_at).total_seconds()
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)):
        if seconds >= 2 * size or (seconds >= size and seconds % size < size / 60) or size == 1:
            number = max(1, round(seconds / size))
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return "no time"


def _named(slug: str) -> tuple[Escalation, Calendar | None, dict[str, Any]]:
    """The policy of that slug as it stands now, in one statement. Raises BadEscalation, BadCalendar."""
    row: Any = EscalationPolicy.objects.newest(slug).first()
    if row is None:
        raise BadEscalation({"escalation": f"there is no policy of time called {slug!r}"})
    said = row.read()
    if said.final.do == "approve" and row.enabled_by_id is None:
        said = replace(said, final=Final("reject"))
    source = {"escalation": slug, "version": row.version}
    return said, calendar_of(vars(row), "its_") if said.clock == "business" else None, source


def _final(said: Escalation, intervention: Intervention) -> Final:
    """The end as this question can have it: what cannot be done to it becomes a rejection, which is always safe."""
    final, approvals = said.final_for(intervention.risk), intervention.policy.get("approvals") or 1
    is_call = intervention.kind == Kind.TOOL_APPROVAL
    possible = {
        "approve": is_call and approvals == 1 and Verdict.APPROVE in intervention.verdicts,
        "continue_with_default": intervention.kind == Kind.QUESTION
        or (is_call and Verdict.OVERRIDE in intervention.verdicts),  # a call at the provider cannot be answered for
    }
    return final if possible.get(final.do, True) else Final("reject")


def _row(intervention: Intervention, one: escalations.Dated) -> Timer:
    return Timer(
        intervention=intervention,
        generation=intervention.generation,
        kind=one.kind,
        step_no=one.step_no,
        repeat_no=one.repeat_no,
        due_at=one.at,
        intended_at=one.at,
    )


def _due_again(intervention: Intervention) -> None:
    """Where the due moment had passed already and lies ahead again, it will be told again."""
    passed = Timer.objects.filter(intervention=intervention, kind=Timer.Kind.DUE, fired_at__isnull=False)
    passed.update(fired_at=None, result="", due_at=intervention.due_at, intended_at=intervention.due_at)


def weekly(intervention: Intervention, now: datetime, repeat_no: int) -> None:
    """Remind in a week of a question that waits for ever."""
    at = now + timedelta(days=7)
    Timer.objects.create(
        intervention=intervention,
        generation=intervention.generation,
        kind=Timer.Kind.NAG,
        repeat_no=repeat_no,
        due_at=at,
        intended_at=at,
    )
