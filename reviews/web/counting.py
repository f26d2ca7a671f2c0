"""The counts of all open inboxes, from one look at how many questions of each sort wait."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Case, Count, F, Q, UUIDField, Value, When
from django.utils import timezone

from reviews.access import Sight
from reviews.models import Intervention, Queue
from reviews.web import filters, fragments, visible
from reviews.web.filters import Sort
from reviews.web.view import View

COLUMNS = (
    *("queue_id", "queue__slug", "risk", "agent", "tool", "level"),
    *("claimed_by_id", "assignee_id", "snoozed_until", "question"),
)


@dataclass(frozen=True)
class Rail:
    """The queues beside every page, and how much waits in them."""

    queues: tuple[dict[str, str | int], ...]

    @property
    def waiting(self) -> int:
        """In all of them."""
        return sum(int(queue["waiting"]) for queue in self.queues)


def counted(views: Mapping[View, Sight]) -> dict[View, str]:
    """Return the counts of each view, whose reader sees that: two statements. Searches are counted one by one."""
    sorts = _sorts({question for sight in views.values() for question in sight.questions})
    slugs = dict(Queue.objects.values_list("pk", "slug"))
    made: dict[object, str] = {}
    told = {}
    for view, sight in views.items():
        if view.chosen.q:
            told[view] = visible.shown(fragments.counts(User.objects.get(pk=view.person), view.chosen))
            continue
        seen = [sort for sort in sorts if sight.reads(sort.queue_id, sort.question)]
        numbers, rail = _numbers(seen, view), _rail(seen, slugs, sight)
        key = (view.chosen, *numbers.items(), *(tuple(queue.values()) for queue in rail.queues))
        told[view] = made.get(key) or made.setdefault(key, _written(view, numbers, rail))
    return told


def _sorts(apart: Collection[UUID]) -> list[Sort]:
    """All that waits, with the questions apart that somebody reads although they have no seat in the queue."""
    soon = Count("pk", filter=Q(due_at__lt=timezone.now() + fragments.SOON))
    nothing = Value(None, output_field=UUIDField())
    single = Case(When(pk__in=apart, then=F("pk")), default=nothing) if apart else nothing
    found = Intervention.objects.open().order_by().annotate(question=single).values_list(*COLUMNS)
    return [Sort(*row) for row in found.annotate(waiting=Count("pk"), due_soon=soon)]


def _numbers(seen: list[Sort], view: View) -> dict[str, int]:
    """How many are in each tab, and how many of all are due soon; the same as ``fragments.tally``."""
    numbers = {
        tab: sum(sort.number for sort in seen if replace(view.chosen, tab=tab).shows(sort, view.person))
        for tab in filters.TABS
    }
    return numbers | {"due_soon": sum(sort.due_soon for sort in seen if view.chosen.leaves(sort))}


def _rail(seen: list[Sort], slugs: Mapping[int, str], sight: Sight) -> Rail:
    waiting = {pk: 0 for pk in slugs if sight.reads(pk)}
    for sort in seen:
        if sort.queue_id in waiting:  # not those they read without a seat
            waiting[sort.queue_id] += sort.number
    return Rail(tuple({"slug": slugs[pk], "waiting": number} for pk, number in waiting.items()))


def _written(view: View, numbers: dict[str, int], rail: Rail) -> str:
    return visible.shown(fragments.head(view.chosen, numbers, rail))
