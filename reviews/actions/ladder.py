"""The steps of an escalation policy, done: who is reminded, called in or given the question while it is still open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.contrib.auth.models import User

from reviews import access
from reviews.actions import assignments, notices, questions, timers
from reviews.actions.targets import MOST, Roster
from reviews.actors import TIMEOUT
from reviews.audit import Act
from reviews.escalations import ADDRESSED, Escalation, Step
from reviews.models import Intervention, Timer
from reviews.states import NoticeKind

RESULT = Timer.Result
LAST = {"remind": 2, "notify": 2, "escalate": 0}
"""In what order steps that are due together are done: those who were called in need no reminder beside it."""


@dataclass
class Climb:
    """One round of steps on one question, and whom it has reached already."""

    intervention: Intervention
    escalation: Escalation
    now: datetime
    roster: Roster
    told: set[int] = field(default_factory=set)
    acts: list[Act] = field(default_factory=list)
    results: dict[int, str] = field(default_factory=dict)


def climb(
    intervention: Intervention, due: Sequence[Timer], now: datetime, roster: Roster
) -> tuple[list[Act], dict[int, str]]:
    """Do the steps that are due on a locked question; returns the acts to record, and what came of each timer.

    Due together they collapse: the highest level only, and nobody hears of it twice. Where nobody is there for a step,
    the next one is done at once; after the last the admins hear of it.
    """
    if not due:
        return [], {}
    round = Climb(intervention, timers.escalation_of(intervention), now, roster)
    steps = {timer.pk: round.escalation.steps[timer.step_no - 1] for timer in due}
    highest = max((step.level or 0 for step in steps.values()), default=0)
    for timer in sorted(due, key=lambda timer: (LAST.get(steps[timer.pk].do, 1), timer.due_at, timer.step_no)):
        step = steps[timer.pk]
        if step.do == "escalate" and step.level != highest:
            round.results[timer.pk] = RESULT.COLLAPSED
        else:
            _take(round, timer, step)
    if RESULT.NO_TARGET in round.results.values() and RESULT.FIRED not in round.results.values():
        _go_on(round)
    return round.acts, round.results


def tell_late(intervention: Intervention, timer: Timer, now: datetime, roster: Roster) -> list[Act]:
    """The answer is late, or is still missing in another week: mark it, and tell who may give it."""
    if timer.kind == Timer.Kind.NAG or intervention.expires_at is None:
        timers.weekly(intervention, now, timer.repeat_no + 1)
    intervention.overdue = True
    intervention.save(update_fields=["overdue"])
    people = roster.people(intervention, ["holder", "managers"])
    notices.owe(intervention, NoticeKind.OVERDUE, people, key=f"timer:{timer.pk}")
    return [Act("intervention.overdue", TIMEOUT, intervention.run, intervention, {"due_at": intervention.due_at})]


def _take(round: Climb, timer: Timer, step: Step) -> None:
    """Do one step, if it is still called for; a claim may hold an escalation up until it ends."""
    intervention = round.intervention
    if not _called_for(intervention, step):
        round.results[timer.pk] = RESULT.SKIPPED
        return
    until = intervention.claim_expires_at
    if step.do == "escalate" and round.escalation.claim_pauses and questions.holder_of(intervention) and until:
        timer.due_at = until
        timer.save(update_fields=["due_at"])
        round.results[timer.pk] = RESULT.POSTPONED
        return
    people = round.roster.people(intervention, step.to) if step.do in ADDRESSED else []
    if step.do in ADDRESSED and not people:
        data = {"step": timer.step_no, "do": step.do, "to": ", ".join(step.to), "intended_at": timer.intended_at}
        round.acts.append(Act("escalation.no_target", TIMEOUT, intervention.run, intervention, data))
        round.results[timer.pk] = RESULT.NO_TARGET
        return
    fresh = [person for person in people if person.pk not in round.told]
    if step.do in ("remind", "notify") and not fresh:
        round.results[timer.pk] = RESULT.COLLAPSED
        return
    acts = DEEDS[step.do](intervention, step, fresh if step.do in ("remind", "notify") else people, timer)
    about = {"step": timer.step_no, "intended_at": timer.intended_at}
    round.acts += [replace(act, data=act.data | about) for act in acts]
    round.told |= {person.pk for person in people}
    round.results[timer.pk] = RESULT.FIRED


def _go_on(round: Climb) -> None:
    """Nobody was there: the next step that finds somebody is done now; after the last one the admins are told."""
    later = Timer.objects.waiting().filter(intervention=round.intervention, kind=Timer.Kind.STEP)
    for timer in later.exclude(pk__in=round.results).order_by("due_at", "step_no", "id"):
        _take(round, timer, round.escalation.steps[timer.step_no - 1])
        if round.results[timer.pk] == RESULT.FIRED:
            return
    says = "Nobody is there for a question that waits: look at the seats of its queue and at its escalation policy."
    key = f"no-target:{round.intervention.pk}:{round.intervention.generation}"
    notices.owe(round.intervention, NoticeKind.WATCHDOG, access.admins()[:MOST], key=key, says=says, team=False)


def _called_for(intervention: Intervention, step: Step) -> bool:
    match step.only_if:
        case "unclaimed":
            return questions.holder_of(intervention) is None
        case "short_of_quorum":
            return intervention.is_open and intervention.votes > 0  # a tied vote has as many votes as must agree
    return True


def _remind(intervention: Intervention, step: Step, people: list[User], timer: Timer) -> list[Act]:
    notices.owe(intervention, NoticeKind.REMINDER, people, key=f"timer:{timer.pk}")
    data = {"people": [person.get_username() for person in people]}
    return [Act("intervention.reminded", TIMEOUT, intervention.run, intervention, data)]


def _escalate(intervention: Intervention, step: Step, people: list[User], timer: Timer) -> list[Act]:
    level = intervention.level if step.level is None else step.level
    acts = assignments.raise_level(intervention, level, people, TIMEOUT)
    called_in = {name for act in acts for name in act.data["called_in"]}
    known = [person for person in people if person.get_username() not in called_in]
    if not acts:
        return _remind(intervention, step, known, timer)
    notices.owe(intervention, NoticeKind.ESCALATED, known, key=f"timer:{timer.pk}", team=False)
    if step.do == "add_reviewers":
        return [Act("intervention.reviewers_added", a.by, a.run, a.intervention, a.data) for a in acts]
    return acts


def _reassign(intervention: Intervention, step: Step, people: list[User], timer: Timer) -> list[Act]:
    chosen = assignments.pick(intervention.queue, people)
    return assignments.hand_to(intervention, chosen, TIMEOUT) if chosen else []


def _raise_priority(intervention: Intervention, step: Step, people: list[User], timer: Timer) -> list[Act]:
    intervention.priority = min(intervention.priority + 1, 9)
    intervention.save(update_fields=["priority"])
    data = {"priority": intervention.priority}
    return [Act("intervention.priority_raised", TIMEOUT, intervention.run, intervention, data)]


def _webhook(intervention: Intervention, step: Step, people: list[User], timer: Timer) -> list[Act]:
    owed = notices.owe_webhook(intervention, NoticeKind.ESCALATED, key=f"timer:{timer.pk}")
    return [Act("intervention.webhook_owed", TIMEOUT, intervention.run, intervention, {"endpoints": owed})]


DEEDS = {
    "remind": _remind,
    "notify": _remind,
    "add_reviewers": _escalate,
    "escalate": _escalate,
    "reassign": _reassign,
    "raise_priority": _raise_priority,
    "webhook": _webhook,
}
