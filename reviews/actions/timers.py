"""The moments of a question: made with it, moved with it, cancelled with it. What they do is in `firing`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q
from django.utils import timezone

from reviews import escalations
from reviews.actions.circumstances import Circumstances, calendar_of
from reviews.actors import POLICY
from reviews.audit import Act
from reviews.businesstime import OFFICE, Calendar, Clock
from reviews.escalations import BadEscalation, Escalation, Final
from reviews.models import EscalationPolicy, Intervention, Timer
from reviews.models.escalation_policy import DEFAULT_CALENDAR
from reviews.models.writes import NewRows, Updated, Write
from reviews.states import Kind, Verdict

Source = tuple[Escalation, Calendar | None, dict[str, Any]]
CALLING = ("add_reviewers", "escalate")
"""The steps that bring more people to a question."""
KEY = "time"
"""Where the frozen policy of a question keeps its own policy of time."""


def scheduled(intervention: Intervention, now: datetime, around: Circumstances) -> tuple[Write, list[Act]]:
    """Give a new question its due moments; returns their rows, to be stored with it, and the acts to record.

    The policy of time that its rule names, or else that of its risk, is frozen into it with the calendar. One that is
    gone, cannot be read or whose moments never come is replaced by that of the risk, and the book says so.
    """
    dated, acts = _planned(intervention, now, _ways(intervention, now, around))
    intervention.due_at = next(one.at for one in dated if one.kind == escalations.DUE)
    intervention.expires_at = next((one.at for one in dated if one.kind == escalations.EXPIRE), None)
    return NewRows([_row(intervention, one) for one in dated if not one.lost]), acts


def schedule_anew(intervention: Intervention, now: datetime) -> list[Act]:
    """Give a locked, open question without any timer its moments again; returns the acts to record.

    What was promised stays: when its answer is due, and an end that still lies ahead. The rest counts from now, for
    nobody was asked or warned of it before.
    """
    final = ((intervention.policy.get(KEY) or {}).get("body") or {}).get("final") or {}
    if intervention.overdue and intervention.expires_at is None and final.get("do") == "keep_waiting":
        weekly(intervention, now)
        return []
    around = Circumstances(intervention.run, [])
    dated, acts = _planned(intervention, now, _ways(intervention, now, around))
    due = next(one.at for one in dated if one.kind == escalations.DUE)
    end = next((one.at for one in dated if one.kind == escalations.EXPIRE), None)
    if end is not None:
        end = max(end, intervention.due_at + (end - due))  # as long after the answer as the policy says
    if intervention.expires_at is not None and intervention.expires_at > now:
        end = intervention.expires_at
    intervention.expires_at = end
    kept = {escalations.DUE: intervention.due_at, escalations.EXPIRE: end}
    moved = [replace(one, at=kept.get(one.kind) or one.at) for one in dated]
    to_come = [one for one in moved if one.kind == escalations.EXPIRE or end is None or one.at < end]
    rows = [_row(intervention, one) for one in to_come]
    intervention.save(update_fields=["policy", "expires_at"])
    _make(intervention, rows, now)
    return acts


def tighten(intervention: Intervention, now: datetime, *, escalation: str, due_in: int) -> list[Act]:
    """Put a locked question whose risk has risen under the time limits of that risk, or those that its rule names.

    They count from now, and nothing comes later than before: not its answer's moment, nor its end. The question itself
    is left to the caller to save; returns the acts to record.
    """
    was, before = intervention.due_at, escalation_of(intervention).final
    kept = {key: value for key, value in intervention.policy.items() if key != KEY}
    intervention.policy = kept | {"escalation": escalation, "due_in": due_in}
    dated, acts = _planned(intervention, now, _ways(intervention, now, Circumstances(intervention.run, [])))
    if escalation_of(intervention).final.do == "keep_waiting" != before.do:
        frozen = intervention.policy[KEY]
        body = {**frozen["body"], "final": before.snapshot()}
        intervention.policy = {**intervention.policy, KEY: {**frozen, "body": body}}
    due = next(one.at for one in dated if one.kind == escalations.DUE)
    ends = [one.at for one in dated if one.kind == escalations.EXPIRE] + [intervention.expires_at]
    intervention.due_at = min(was, due)
    intervention.expires_at = end = min((at for at in ends if at is not None), default=None)
    cancel(intervention)
    intervention.generation += 1
    sooner = [
        replace(one, at=min(one.at, was)) if one.at <= due and (was > now or one.kind == escalations.DUE) else one
        for one in dated
        if one.kind != escalations.EXPIRE
    ]
    rows = [_row(intervention, one) for one in sooner if end is None or one.at < end]
    rows += [_row(intervention, escalations.Dated(escalations.EXPIRE, end, ""))] if end else []
    _make(intervention, rows, now)
    if intervention.overdue and end is None:
        weekly(intervention, now)
    return acts


def cancel(*closed: Intervention) -> None:
    """No timer of these questions fires any more: call it in the transaction that closes them. One statement."""
    cancelled(*closed).make()


def cancelled(*closed: Intervention) -> Write:
    """As `cancel`; what is to be changed is left to the caller, who has locked the run and names at least one."""
    return Updated(Timer.objects.waiting().filter(intervention__in=closed), {"cancelled_at": timezone.now()})


def due_after(intervention: Intervention, seconds: float) -> datetime:
    """When it would be due that many seconds of its own clock later, whatever its hard end says to that."""
    return clock_of(intervention).add(intervention.due_at, seconds)


def reschedule(intervention: Intervention, now: datetime, *, later: float = 0, since: datetime | None = None) -> None:
    """Move the due moment of a locked question, and its steps to come with it; the hard end stays where it is.

    By ``later`` seconds of its own clock, or by what passed on that clock ``since`` it was put on hold. Nothing moves
    past the hard end: a step that would come after it comes no more.
    """
    clock, was, end = clock_of(intervention), intervention.due_at, intervention.expires_at
    if since is not None:
        later = clock.between(since, now)
    due = clock.add(was, later) if later else was
    intervention.due_at = due if end is None else min(due, max(was, end))
    intervention.overdue = intervention.overdue and intervention.due_at <= now
    intervention.save(update_fields=["due_at", "overdue"])
    moved = []
    for timer in Timer.objects.waiting().filter(intervention=intervention, kind__in=(Timer.Kind.STEP, Timer.Kind.DUE)):
        moment = clock.add(timer.due_at, later) if later else timer.due_at
        moment = intervention.due_at if timer.kind == Timer.Kind.DUE else moment
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


def _planned(
    intervention: Intervention, now: datetime, ways: Iterable[tuple[str, Callable[[], Source]]]
) -> tuple[list[escalations.Dated], list[Act]]:
    """The moments by the first of those ways that leads to any, which is frozen into the question."""
    acts, run = [], intervention.run
    for name, way in ways:
        try:
            said, calendar, source = way()
            said = replace(said, final=_final(said, intervention))
            dated = escalations.plan(said, calendar, now)
        except (ValueError, OverflowError) as error:
            acts.append(Act("escalation.replaced", POLICY, run, intervention, {"name": name, "why": str(error)}))
            continue
        frozen = source | {"body": said.snapshot(), "calendar": calendar.snapshot() if calendar else None}
        intervention.policy = {**intervention.policy, KEY: frozen}
        return dated, acts
    raise BadEscalation({"escalation": "no policy of time leads to any moment"})


def _ways(
    intervention: Intervention, now: datetime, around: Circumstances
) -> Iterator[tuple[str, Callable[[], Source]]]:
    """Where its policy of time is looked for, in order; the last of them always leads to one."""
    if "body" in (intervention.policy.get(KEY) or {}):
        yield "its own", lambda: _frozen(intervention)
    if slug := intervention.policy.get("escalation") or "":
        yield slug, lambda: _named(slug)
    said = escalations.default_for(intervention.risk, intervention.policy.get("due_in"))
    is_business = said.clock == "business"

    def within(calendar: Calendar | None) -> Source:
        return escalations.with_room(said, calendar, now), calendar, {}

    yield DEFAULT_CALENDAR, lambda: within(around.office if is_business else None)  # whose row may be unreadable
    yield "", lambda: within(OFFICE if is_business else None)


def _frozen(intervention: Intervention) -> Source:
    """What it was opened under. Raises BadEscalation, BadCalendar where that cannot be read."""
    frozen = dict(intervention.policy.get(KEY) or {})
    said, calendar = escalations.read(frozen.pop("body")), frozen.pop("calendar", None)
    return said, Calendar.read(calendar) if calendar else None, frozen


def _named(slug: str) -> Source:
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


def _make(intervention: Intervention, rows: list[Timer], now: datetime) -> None:
    for row in rows:
        if row.kind == Timer.Kind.DUE and intervention.overdue:  # which was told already
            row.fired_at, row.result = now, Timer.Result.COLLAPSED
    Timer.objects.bulk_create(rows)


def _due_again(intervention: Intervention) -> None:
    """Where the due moment had passed already and lies ahead again, it will be told again."""
    passed = intervention.timers.filter(generation=intervention.generation, kind=Timer.Kind.DUE, fired_at__isnull=False)
    passed.update(fired_at=None, result="", due_at=intervention.due_at, intended_at=intervention.due_at)


def weekly(intervention: Intervention, now: datetime, but: Timer | None = None) -> None:
    """Remind in a week of a question that waits for ever, unless that is to come already; ``but`` is firing now."""
    nags = Timer.objects.filter(intervention=intervention, generation=intervention.generation, kind=Timer.Kind.NAG)
    coming = Count("pk", filter=Q(fired_at=None, cancelled_at=None) & ~Q(pk=but.pk if but else None))
    known = nags.aggregate(last=Max("repeat_no"), coming=coming)
    if known["coming"]:
        return
    at = now + timedelta(days=7)
    Timer.objects.create(
        intervention=intervention,
        generation=intervention.generation,
        kind=Timer.Kind.NAG,
        repeat_no=(known["last"] or 0) + 1,
        due_at=at,
        intended_at=at,
    )
