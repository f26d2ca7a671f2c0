"""What questions depend on, in the database, and what of it this process has read: queues, listeners, office hours."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from reviews.models import Calendar, Endpoint, NoticeSettings, Queue
from reviews.models.escalation_policy import DEFAULT_CALENDAR

Rows = list[dict[str, Any]]
TELLING = ("pk", "slug", "heard_by_people", "heard_by_rooms", "office_version", "office_created_at")
"""By what it is known that nothing has changed: a version of a calendar says the same for ever."""
MOST_KNOWN = 200


class Place(NamedTuple):
    """The run's own queue, and the short names of those that rules name."""

    queue_id: int
    named: frozenset[str]


_known: dict[Place, Rows] = {}


def recalled(place: Place) -> Rows | None:
    """What this process knows: whoever acts by it makes sure in that statement that it `holds`."""
    return _known.get(place)


def read(place: Place) -> Rows:
    """The queues as they are now, each with whether somebody wants to hear of it, and the office's calendar."""
    return list(_queues(place))


def remember(place: Place, rows: Rows) -> None:
    """So that it need not be read again."""
    if len(_known) >= MOST_KNOWN:
        _known.clear()
    _known[place] = rows


def holds(place: Place, rows: Rows) -> Q:
    """A condition for any query: nothing of it has changed."""
    held = Q()
    for row in rows:
        held &= Q(Exists(_queues(place).filter(**{name: row[name] for name in TELLING})))
    missing = place.named - {row["slug"] for row in rows}
    return held & ~Q(Exists(Queue.objects.filter(slug__in=missing))) if missing else held


def _queues(place: Place) -> QuerySet[Any, dict[str, Any]]:
    people = NoticeSettings.objects.filter(opened=True, user__memberships__queue=OuterRef("pk"))
    rooms = Endpoint.objects.filter(Q(queue=OuterRef("pk")) | Q(queue=None), is_active=True, opened=True)
    office = Calendar.objects.newest(DEFAULT_CALENDAR)
    named = ("version", "created_at", "zone", "hours", "holidays")
    columns = {f"office_{name}": Subquery(office.values(name)) for name in named}
    heard = {"heard_by_people": Exists(people), "heard_by_rooms": Exists(rooms)}
    queues: QuerySet[Any] = Queue.objects.filter(Q(pk=place.queue_id) | Q(slug__in=place.named))
    found: QuerySet[Any, dict[str, Any]] = queues.annotate(**heard, **columns).order_by("pk")
    return found.values("pk", "slug", *heard, *columns)
