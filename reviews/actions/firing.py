"""The clock's round over the timers: those that are due fire, once, whoever else looks and however late it is."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction

from reviews import audit
from reviews.actions import apart, assignments, expiry, ladder, owing, timers
from reviews.actions.resting import LATE
from reviews.actions.targets import Roster
from reviews.actors import TIMEOUT
from reviews.audit import Act
from reviews.models import ClockMark, Intervention, Run, Timer

logger = logging.getLogger(__name__)
BATCH = 100
"""Runs that are locked in one transaction; a busy one is left to the next round."""
MOST_GRACE = 2
"""How often one end is put off because the clock was late: one that is always late must not keep a question open."""
Results = dict[int, str]
KIND, RESULT = Timer.Kind, Timer.Result


def fire_due(now: datetime, limit: int = 1000) -> int:
    """Fire what is due, longest due first; returns how many timers fired or were put off. Safe to call at once."""
    until = ClockMark.objects.values_list("fired_until", flat=True).first()
    stood_still = until is not None and now - until > LATE
    due = list(Timer.objects.to_fire(now).values_list("intervention__run", flat=True)[:limit])
    run_ids = list(dict.fromkeys(due))
    starts = range(0, len(run_ids), BATCH)
    fired = sum(_fire_or_spare(run_ids[start : start + BATCH], now, stood_still) for start in starts)
    if len(due) < limit:  # else the next round goes on with what fell due while the clock stood still
        _remember(until, now)
    return fired


def _remember(until: datetime | None, now: datetime) -> None:
    if until is None:
        ClockMark.objects.bulk_create([ClockMark(fired_until=now)], ignore_conflicts=True)
    ClockMark.objects.filter(fired_until__lt=now).update(fired_until=now)


def _fire_or_spare(run_ids: Sequence[UUID], now: datetime, stood_still: bool) -> int:
    """One timer that cannot fire must not hold up the others, nor keep their place in the round."""
    try:
        return _fire(run_ids, now, stood_still)
    except Exception:
        if len(run_ids) > 1:
            return sum(_fire_or_spare([run_id], now, stood_still) for run_id in run_ids)
        return apart.fire_others(run_ids[0], now, partial(_fire, run_ids, now, stood_still))


@transaction.atomic
def _fire(run_ids: Sequence[UUID], now: datetime, stood_still: bool) -> int:
    free = Run.objects.filter(pk__in=run_ids).select_for_update(of=("self",), skip_locked=True, no_key=True)
    runs = {run.pk: run for run in free.order_by("pk")}
    asked: defaultdict[UUID, list[Timer]] = defaultdict(list)
    for timer in _claimed(runs, now):
        asked[timer.intervention_id].append(timer)
    assignments.hold_turns(due[0].intervention.queue_id for due in asked.values() if _may_reassign(due))
    with owing.together():
        acts, results = _deal_with_all(asked, runs, now, stood_still)
    fired = _note(results, now)
    if closed := [due[0].intervention for due in asked.values() if not due[0].intervention.is_open]:
        timers.cancel(*closed)
    if acts:
        audit.record(*acts)
    return fired


def _may_reassign(due: Sequence[Timer]) -> bool:
    """Whether any step picks whose turn it is: where one that is due finds nobody, a later one is done at once."""
    intervention = due[0].intervention
    climbs = intervention.is_open and any(timer.kind == KIND.STEP for timer in due)
    return climbs and any(step.do == "reassign" for step in timers.escalation_of(intervention).steps)


def _deal_with_all(
    asked: dict[UUID, list[Timer]], runs: dict[UUID, Run], now: datetime, stood_still: bool
) -> tuple[list[Act], Results]:
    """Question by question; who is there is read once for all of them."""
    roster, dealt_with = Roster(), set[UUID]()
    acts: list[Act] = []
    results: Results = {}
    for due in asked.values():
        intervention = due[0].intervention
        if intervention.run_id in dealt_with:  # an end there may have withdrawn this one
            intervention.refresh_from_db(fields=["status"])
        intervention.run = runs[intervention.run_id]
        dealt_with.add(intervention.run_id)
        done, came_of = _deal_with(intervention, due, now, roster, stood_still)
        acts, results = [*acts, *done], results | came_of
    return acts, results


def _claimed(runs: dict[UUID, Run], now: datetime) -> list[Timer]:
    """The due timers of the locked runs, read under the lock: nobody else can fire them now."""
    joined = ("intervention__queue", "intervention__claimed_by", "intervention__assignee", "intervention__tool_call")
    due = Timer.objects.to_fire(now).filter(intervention__run__in=runs).select_related(*joined)
    due = due.prefetch_related("intervention__call_ins")
    return list(due.select_for_update(of=("self",), skip_locked=True))


def _note(results: Results, now: datetime) -> int:
    """Mark what became of each, where it still waits: a conditional UPDATE for each result."""
    by_result: defaultdict[str, list[int]] = defaultdict(list)
    for pk, result in results.items():
        by_result[result].append(pk)
    put_off = len(by_result.pop(RESULT.POSTPONED, []))
    waiting = Timer.objects.waiting()
    done = [waiting.filter(pk__in=pks).update(fired_at=now, result=result) for result, pks in by_result.items()]
    return put_off + sum(done)


def _deal_with(
    intervention: Intervention, due: list[Timer], now: datetime, roster: Roster, stood_still: bool
) -> tuple[list[Act], Results]:
    """All that is due about one question, with its run locked: the answer first, then the end, then the steps.

    Who hears of a step needs no second message that the answer is late.
    """
    if not intervention.is_open:
        return [], {timer.pk: RESULT.SKIPPED for timer in due}
    late = stood_still or any(now - timer.due_at > LATE for timer in due)
    over = next((timer for timer in due if timer.kind == KIND.EXPIRE), None)
    acts: list[Act] = []
    results: Results = {}
    if over is not None and late and _grace() and over.repeat_no < MOST_GRACE:
        acts += _postpone(intervention, over, now)
        results[over.pk] = RESULT.POSTPONED
    elif over is not None:
        results = {timer.pk: RESULT.COLLAPSED for timer in due}
        return expiry.end(intervention, now, roster), results | {over.pk: RESULT.FIRED}
    climb = ladder.climb(intervention, [timer for timer in due if timer.kind == KIND.STEP], now, roster)
    for timer in due:
        if timer.kind in (KIND.DUE, KIND.NAG):
            ladder.tell_late(climb, timer)
            results[timer.pk] = RESULT.FIRED
    return [*acts, *climb.acts], results | climb.results


def _postpone(intervention: Intervention, over: Timer, now: datetime) -> list[Act]:
    """Nobody is robbed of their time by an outage of ours: the end comes when they have had a moment to answer."""
    was, until = over.due_at, now + timedelta(seconds=_grace())
    over.due_at = intervention.expires_at = until
    over.repeat_no += 1
    if over.repeat_no == MOST_GRACE:
        logger.error("the end of question %s was put off %s times; next time it comes", intervention.pk, MOST_GRACE)
    over.save(update_fields=["due_at", "repeat_no"])
    intervention.save(update_fields=["expires_at"])
    data = {"intended_at": was, "until": until, "why": "The clock of the desk stood still."}
    return [Act("intervention.expiry_postponed", TIMEOUT, intervention.run, intervention, data)]


def _grace() -> int:
    return int(getattr(settings, "FOUREYES_EXPIRY_GRACE", 900))
