"""What must be true of the desk at any moment; each assertion is a bounded question with the few worst answers."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from reviews.actions.assertions import book, messages, questions, runs
from reviews.actions.assertions.fault import LIMIT, Fault
from reviews.models.finding import Alarm

__all__ = ["CHECKS", "LIMIT", "Fault", "faults"]

CHECKS: dict[str, Callable[[datetime, Collection[str]], list[Fault]]] = {
    Alarm.NO_TIMER: questions.forgotten,
    Alarm.LATE_TIMER: questions.late,
    Alarm.STUCK_RUN: runs.stuck,
    Alarm.LOST_LEASE: runs.lost,
    Alarm.BROKEN_BOOK: book.broken,
    Alarm.DEAD_NOTICE: messages.dead,
}


def faults(now: datetime, known: Collection[tuple[str, str]]) -> list[Fault]:
    """What does not hold: of what is ``known`` already all that still does not, and what is new up to the limit."""
    found: list[Fault] = []
    for alarm, check in CHECKS.items():
        found += check(now, {subject.partition(":")[2] for kind, subject in known if kind == alarm})
    return sorted(found)
