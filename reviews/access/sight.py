"""What many people may read, looked at for all of them at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import QuerySet

from reviews.access.roles import overseers
from reviews.models import AskBack, CallIn, Membership
from reviews.states import OPEN


@dataclass(frozen=True)
class Sight:
    """What somebody may read: queues, None being all of them, and open questions of others that came to them by name.

    ``managed`` are the queues whose board is open to them.
    """

    queues: frozenset[int] | None = frozenset()
    questions: frozenset[UUID] = frozenset()
    managed: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return self.queues is None or bool(self.queues or self.questions)

    def reads(self, queue: int, question: UUID | None = None) -> bool:
        """Whether a question of that queue is among it, or that very one."""
        return self.queues is None or queue in self.queues or question in self.questions


def sights(people: Collection[int]) -> dict[int, Sight]:
    """What each of these accounts may read; without those that are not active.

    Four statements, however many people: for who serves many at once.
    """
    active = User.objects.filter(pk__in=people, is_active=True)
    seats: dict[int, dict[int, str]] = {pk: {} for pk in active.values_list("pk", flat=True)}
    for person, queue, role in Membership.objects.filter(user__in=seats).values_list("user_id", "queue_id", "role"):
        seats[person][queue] = role
    all_of_them = set(overseers().filter(pk__in=seats).values_list("pk", flat=True))
    asked: dict[int, set[UUID]] = {pk: set() for pk in seats}
    for person, question, queue in _named_in(seats):
        if person not in all_of_them and queue not in seats[person]:
            asked[person].add(question)
    return {
        pk: Sight(
            None if pk in all_of_them else frozenset(held),
            frozenset(asked[pk]),
            frozenset(queue for queue, role in held.items() if role == Membership.Role.MANAGER),
        )
        for pk, held in seats.items()
    }


def _named_in(people: Collection[int]) -> QuerySet[Any, tuple[int, UUID, int]]:
    """The open questions that came to some of these people themselves, by call-in or as somebody to ask."""
    columns = ("intervention_id", "intervention__queue_id")
    called_in = CallIn.objects.granting().filter(user__in=people, intervention__status__in=OPEN)
    asked = AskBack.objects.asking().filter(asked_of__in=people)
    return (
        called_in.order_by()
        .values_list("user_id", *columns)
        .union(asked.order_by().values_list("asked_of_id", *columns))
    )
