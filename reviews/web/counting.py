"""The counts of all open inboxes, from one look at how many questions of each sort wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.contrib.auth.models import User
from django.db.models import Count, Q
from django.utils import timezone

from reviews.models import Intervention, Queue
from reviews.web import filters, fragments, visible
from reviews.web.filters import Sort
from reviews.web.guard import Sight
from reviews.web.view import View

COLUMNS = ("queue_id", "queue__slug", "risk", "agent", "tool", "level", "claimed_by_id")


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
    soon = Count("pk", filter=Q(due_at__lt=timezone.now() + fragments.SOON))
    found = Intervention.objects.open().order_by().values_list(*COLUMNS).annotate(waiting=Count("pk"), due_soon=soon)
    sorts = [Sort(*row) for row in found]
    slugs = dict(Queue.objects.values_list("pk", "slug"))
    made: dict[object, str] = {}
    told = {}
    for view, sight in views.items():
        if view.chosen.q:
            told[view] = visible.shown(fragments.counts(User.objects.get(pk=view.person), view.chosen))
            continue
        seen = [sort for sort in sorts if sight is None or sort.queue_id in sight]
        numbers, rail = _numbers(seen, view), _rail(seen, slugs, sight)
        key = (view.chosen, *numbers.items(), *(tuple(queue.values()) for queue in rail.queues))
        told[view] = made.get(key) or made.setdefault(key, _written(view, numbers, rail))
    return told


def _numbers(seen: list[Sort], view: View) -> dict[str, int]:
    """How many are in each tab, and how many of all are due soon; the same as ``fragments.tally``."""
    numbers = {
        tab: sum(sort.number for sort in seen if replace(view.chosen, tab=tab).shows(sort, view.person))
        for tab in filters.TABS
    }
    anywhere = replace(view.chosen, tab=filters.ALL)
    return numbers | {"due_soon": sum(sort.due_soon for sort in seen if anywhere.shows(sort, view.person))}


def _rail(seen: list[Sort], slugs: Mapping[int, str], sight: Sight) -> Rail:
    waiting = {pk: 0 for pk in slugs if sight is None or pk in sight}
    for sort in seen:
        waiting[sort.queue_id] = waiting.get(sort.queue_id, 0) + sort.number
    return Rail(tuple({"slug": slugs[pk], "waiting": number} for pk, number in waiting.items() if pk in slugs))


def _written(view: View, numbers: dict[str, int], rail: Rail) -> str:
    return visible.shown(fragments.head(view.chosen, numbers, rail))
