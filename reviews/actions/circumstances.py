"""What the desk must know to open questions: where they come, who wants to hear of them, and the office's hours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from django.db.models import Exists, OuterRef, Q, Subquery

from reviews.businesstime import OFFICE, Calendar
from reviews.models import Calendar as CalendarRow
from reviews.models import Endpoint, NoticeSettings, Queue, Run
from reviews.models.escalation_policy import DEFAULT_CALENDAR
from reviews.policies import Judgement


class Circumstances:
    """Of the questions of one gate: read in one statement, however many they are, and only if there is one."""

    def __init__(self, run: Run, judgements: Iterable[Judgement]) -> None:
        self.run = run
        self._named = {judgement.queue for judgement in judgements if judgement.queue}

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

    @cached_property
    def _queues(self) -> list[dict[str, Any]]:
        people = NoticeSettings.objects.filter(opened=True, user__memberships__queue=OuterRef("pk"))
        rooms = Endpoint.objects.filter(Q(queue=OuterRef("pk")) | Q(queue=None), is_active=True, opened=True)
        office = CalendarRow.objects.newest(DEFAULT_CALENDAR)
        columns = {f"office_{name}": Subquery(office.values(name)) for name in ("zone", "hours", "holidays")}
        queues = Queue.objects.filter(Q(pk=self.run.queue_id) | Q(slug__in=self._named))
        heard = {"heard_by_people": Exists(people), "heard_by_rooms": Exists(rooms)}
        return list(queues.annotate(**heard, **columns).values("pk", "slug", *heard, *columns))


def calendar_of(columns: Mapping[str, Any], prefix: str) -> Calendar:
    """The calendar in columns of that prefix; the usual hours where there is none. Raises BadCalendar."""
    found = {name: columns.get(f"{prefix}{name}") for name in ("zone", "hours", "holidays")}
    return Calendar.read(found) if found["zone"] else OFFICE
