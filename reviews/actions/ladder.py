"""The steps of an escalation policy, done: who is reminded, called in or given the question while it is still open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

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
CALLS = frozenset({"escalate", "add_reviewers", "reassign"})
"""What brings somebody to the question who may decide it, where a reminder only tells those who are there."""

STILL = "Nobody has answered this yet; its escalation policy calls for attention here."


@dataclass
class Climb:
    """One round of steps on one question, whom it has reached already, and what came of each timer."""

    intervention: Intervention
    now: datetime
    roster: Roster
    told: set[int] = field(default_factory=set)
    acts: list[Act] = field(default_factory=list)
    results: dict[int, str] = field(default_factory=dict)

    @cached_property
    def escalation(self) -> Escalation:
        """What it was opened under."""
        return timers.escalation_of(self.intervention)

    def step(self, timer: Timer) -> Step:
        """What that timer rings for."""
        return self.escalation.steps[timer.step_no - 1]


def climb(intervention: Intervention, due: Sequence[Timer], now: datetime, roster: Roster) -> Climb:
    """Do the steps that are due on a locked question; returns the acts to record, and what came of each timer.

    Due together they collapse: no level below one that was reached, no step twice, and nobody hears of it twice. Where
    nobody is there for a step, the next one is done at once; after the last the admins hear of it.
    """
    round, level, done = Climb(intervention, now, roster), 0, set[int]()
    for timer in sorted(due, key=lambda timer: _place(round.step(timer), timer)):
        step = round.step(timer)
        if timer.step_no in done or (step.do == "escalate" and (step.level or 0) < level):
            round.results[timer.pk] = RESULT.COLLAPSED
            continue
        _take(round, timer, step)
        if round.results[timer.pk] == RESULT.FIRED:
            done.add(timer.step_no)
            level = max(level, step.level or 0)
    if _is_unanswered(round, due):
        _go_on(round)
    return round


def tell_late(round: Climb, timer: Timer) -> None:
    """The answer is late, or is still missing in another week: mark it, and tell who may give it and has not heard."""
    intervention, due_at = round.intervention, round.intervention.due_at
    if timer.kind == Timer.Kind.NAG or intervention.expires_at is None:
        timers.weekly(intervention, round.now, but=timer)
    intervention.overdue = True
    intervention.save(update_fields=["overdue"])
    people = _fresh(round, round.roster.people(intervention, ["holder", "managers"]))
    notices.owe(intervention, NoticeKind.OVERDUE, people, key=f"timer:{timer.pk}:{due_at:%Y%m%dT%H%M%S}")
    round.told |= {person.pk for person in people}
    round.acts.append(Act("intervention.overdue", TIMEOUT, intervention.run, intervention, {"due_at": due_at}))


def _place(step: Step, timer: Timer) -> tuple[int, int, datetime, int]:
    """Its place among those that are due together: the highest level first."""
    return LAST.get(step.do, 1), -(step.level or 0), timer.due_at, timer.step_no


def _take(round: Climb, timer: Timer, step: Step) -> None:
    """Do one step, if it is still called for; a claim may hold an escalation up until it ends."""
    intervention = round.intervention
    if not _called_for(intervention, step):
        round.results[timer.pk] = RESULT.SKIPPED
        return
    if until := _held_up_until(round, timer, step):
        timer.due_at = until
        timer.save(update_fields=["due_at"])
        round.results[timer.pk] = RESULT.POSTPONED
        return
    people = round.roster.people(intervention, step.to, do=step.do) if step.do in ADDRESSED else []
    if _finds_nobody(intervention, step, people):
        data = {"step": timer.step_no, "do": step.do, "to": ", ".join(step.to), "intended_at": timer.intended_at}
        round.acts.append(Act("escalation.no_target", TIMEOUT, intervention.run, intervention, data))
        round.results[timer.pk] = RESULT.NO_TARGET
        return
    if step.do in ("remind", "notify") and not _fresh(round, people):
        round.results[timer.pk] = RESULT.COLLAPSED
        return
    acts = DEEDS[step.do](round, step, people, timer)
    about = {"step": timer.step_no, "intended_at": timer.intended_at}
    round.acts += [replace(act, data=act.data | about) for act in acts]
    heard = {intervention.assignee_id} if step.do == "reassign" else {person.pk for person in people}
    round.told |= {person for person in heard if person is not None}
    round.results[timer.pk] = RESULT.FIRED


def _held_up_until(round: Climb, timer: Timer, step: Step) -> datetime | None:
    """When the claim ends that an escalation waits for, where the policy says so.

    Only for one that was there when the step should have come: claiming it again and again holds nothing up.
    """
    intervention = round.intervention
    if step.do != "escalate" or not round.escalation.claim_pauses or questions.holder_of(intervention) is None:
        return None
    began = intervention.claimed_at
    return intervention.claim_expires_at if began is None or began <= timer.intended_at else None


def _fresh(round: Climb, people: Sequence[User]) -> list[User]:
    return [person for person in people if person.pk not in round.told]


def _is_unanswered(round: Climb, due: Sequence[Timer]) -> bool:
    """Whether somebody is missing: nobody was reached at all, or nobody was called in where a step wanted it."""
    nobody = [timer for timer in due if round.results[timer.pk] == RESULT.NO_TARGET]
    if not nobody or RESULT.FIRED not in round.results.values():
        return bool(nobody)
    calls = [timer for timer in due if round.step(timer).do in CALLS]
    reached = [_order(timer) for timer in calls if round.results[timer.pk] == RESULT.FIRED]
    missed = [_order(timer) for timer in nobody if timer in calls]
    return bool(missed) and max(reached, default=(0, 0)) < max(missed)


def _order(timer: Timer) -> tuple[int, int]:
    return timer.repeat_no, timer.step_no


def _go_on(round: Climb) -> None:
    """Nobody was there: the next step that finds somebody is done now; after the last one the admins are told.

    A step that is not called for yet, or has nobody new to tell, keeps its own moment.
    """
    later = Timer.objects.waiting().awake(round.now).filter(intervention=round.intervention, kind=Timer.Kind.STEP)
    for timer in later.exclude(pk__in=round.results).order_by("due_at", "step_no", "id"):
        step = round.step(timer)
        waits = not _called_for(round.intervention, step) or _held_up_until(round, timer, step)
        if waits or step.do not in ADDRESSED:
            continue
        _take(round, timer, step)
        if round.results[timer.pk] == RESULT.FIRED:
            return
        if round.results[timer.pk] != RESULT.NO_TARGET:
            del round.results[timer.pk]
    says = "Nobody is there for a question that waits: look at the seats of its queue and at its escalation policy."
    key = f"no-target:{round.intervention.pk}:{round.intervention.generation}"
    notices.owe(round.intervention, NoticeKind.WATCHDOG, access.admins()[:MOST], key=key, says=says, team=False)


def _finds_nobody(intervention: Intervention, step: Step, people: list[User]) -> bool:
    if step.do == "webhook":
        return not notices.listening(intervention, NoticeKind.ESCALATED)
    return step.do in ADDRESSED and not people


def _called_for(intervention: Intervention, step: Step) -> bool:
    match step.only_if:
        case "unclaimed":
            return questions.holder_of(intervention) is None
        case "short_of_quorum":
            return intervention.is_open and intervention.votes > 0  # a tied vote has as many votes as must agree
    return True


def _remind(round: Climb, step: Step, people: list[User], timer: Timer) -> list[Act]:
    intervention, people = round.intervention, _fresh(round, people)
    notices.owe(intervention, NoticeKind.REMINDER, people, key=f"timer:{timer.pk}")
    data = {"people": [person.get_username() for person in people]}
    return [Act("intervention.reminded", TIMEOUT, intervention.run, intervention, data)]


def _escalate(round: Climb, step: Step, people: list[User], timer: Timer) -> list[Act]:
    intervention = round.intervention
    level = intervention.level if step.level is None else step.level
    acts = assignments.raise_level(intervention, level, people, TIMEOUT)
    if not acts:
        return _remind(round, step, people, timer)
    called_in = {name for act in acts for name in act.data["called_in"]}
    known = [person for person in _fresh(round, people) if person.get_username() not in called_in]
    notices.owe(intervention, NoticeKind.ESCALATED, known, key=f"timer:{timer.pk}", team=False)
    if step.do == "add_reviewers":
        return [Act("intervention.reviewers_added", a.by, a.run, a.intervention, a.data) for a in acts]
    return acts


def _reassign(round: Climb, step: Step, people: list[User], timer: Timer) -> list[Act]:
    chosen = assignments.pick(round.intervention.queue, people)
    return assignments.hand_to(round.intervention, chosen, TIMEOUT) if chosen else []


def _raise_priority(round: Climb, step: Step, people: list[User], timer: Timer) -> list[Act]:
    intervention = round.intervention
    intervention.priority = min(intervention.priority + 1, 9)
    intervention.save(update_fields=["priority"])
    data = {"priority": intervention.priority}
    return [Act("intervention.priority_raised", TIMEOUT, intervention.run, intervention, data)]


def _webhook(round: Climb, step: Step, people: list[User], timer: Timer) -> list[Act]:
    intervention = round.intervention
    owed = notices.owe_webhook(intervention, NoticeKind.ESCALATED, key=f"timer:{timer.pk}", says=STILL)
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
