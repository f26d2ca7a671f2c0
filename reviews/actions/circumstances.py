"""What the desk must know to open questions: where they come, who wants to hear of them, and the office's hours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from django.db.models import Q

from reviews.actions import surroundings
from reviews.actions.rulebook import Outdated
from reviews.actions.surroundings import Place, Rows
from reviews.businesstime import OFFICE, Calendar
from reviews.models import Run
from reviews.policies import Judgement


class Circumstances:
    """Of the questions of one gate: read in one statement, however many they are, and only if there is one.

    With ``recall`` they are read once per process: whoever acts by them makes sure in that statement that they `hold`.
    """

    def __init__(self, run: Run, judgements: Iterable[Judgement], *, recall: bool = False) -> None:
        self.run = run
        self._place = Place(run.queue_id, frozenset(judgement.queue for judgement in judgements if judgement.queue))
        self._recall = recall
        self._recalled: Rows = []

    def queue_for(self, judgement: Judgement) -> int:
        """The queue its rule names; the run's own where it names none, or one that is gone."""
        return next((row["pk"] for row in self._queues if row["slug"] == judgement.queue), self.run.queue_id)

    def is_heard(self, queue_id: int) -> bool:
        """Whether somebody asked to hear of every new question of that queue."""
        return any(row["heard_by_people"] or row["heard_by_rooms"] for row in self._queues if row["pk"] == queue_id)

    @property
    def office(self) -> Calendar:
        """The calendar that holds where none is named. Raises BadCalendar where its row was tampered with."""
        return calendar_of(self._queues[0], "office_")

    def hold(self) -> Q:
        """A condition for any query: what was remembered is so still. True of what was just read, or never asked."""
        return surroundings.holds(self._place, self._recalled) if self._recalled else Q()

    def require_holding(self) -> None:
        """Raises Outdated where it is not so any more; then it is known how it is now."""
        if self._recalled and (rows := surroundings.read(self._place)) != self._recalled:
            surroundings.remember(self._place, rows)
            raise Outdated("What this gate depends on has changed since it was read.")

    @cached_property
    def _queues(self) -> Rows:
        self._recalled = (surroundings.recalled(self._place) if self._recall else None) or []
        if self._recalled:
            return self._recalled
        rows = surroundings.read(self._place)
        if self._recall:
            surroundings.remember(self._place, rows)
        return rows


def calendar_of(columns: Mapping[str, Any], prefix: str) -> Calendar:
    """The calendar in columns of that prefix; the usual hours where there is none. Raises BadCalendar."""
    found = {name: columns.get(f"{prefix}{name}") for name in ("zone", "hours", "holidays")}
    return Calendar.read(found) if found["zone"] else OFFICE
