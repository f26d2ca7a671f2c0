"""Sharing out the questions that nobody has: what would be given to whom, and giving it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from reviews import access, audit
from reviews.actions import assignments, eligibility, presence, shares
from reviews.actions.errors import Conflict
from reviews.actions.shares import Piece, Share
from reviews.actors import Actor
from reviews.models import CallIn, Intervention, Membership, Queue, Run
from reviews.models.intervention import InterventionQuerySet

MOST = 100
"""Questions shared out at once."""
MOST_PEOPLE = 500
"""Seats among whom they are shared out; of more than these the page says so."""


@dataclass(frozen=True)
class Plan:
    """Who would get what; ``mark`` is the same for the same plan only. Loads are by the people's keys.

    ``is_part`` says that there are more questions than are shared out at once, ``is_among_some`` that there are more
    seats than were looked at.
    """

    items: dict[UUID, Intervention]
    shares: list[Share]
    people: dict[int, User]
    loads: dict[int, int]
    is_part: bool = False
    is_among_some: bool = False

    @property
    def mark(self) -> str:
        """What tells this plan from another."""
        return shares.mark(self.shares)

    @property
    def given(self) -> list[tuple[Intervention, User]]:
        """The questions that somebody gets."""
        return [(self.items[share.id], self.people[share.to]) for share in self.shares if share.to is not None]

    @property
    def left(self) -> list[Intervention]:
        """The questions that nobody can take."""
        return [self.items[share.id] for share in self.shares if share.to is None]


def free(by: User) -> InterventionQuerySet:
    """The open questions of the queues they manage that are nobody's."""
    rows = Intervention.objects.open().filter(queue__in=access.managed_queues(by))
    return rows.filter(assignee__isnull=True, claimed_by__isnull=True)


def plan(by: User, ids: Sequence[UUID] = (), *, queue: str = "") -> Plan:
    """Work out who would get those of these questions that are nobody's, else of all, first due first.

    The number of statements grows only with the questions whose policy bars somebody.
    """
    rows = free(by).filter(**({"pk__in": list(ids)[:MOST]} if ids else {}), **({"queue__slug": queue} if queue else {}))
    found = rows.select_related("queue", "run").defer("proposal", "schema").order_by("due_at", "-risk", "id")
    first = list(found[: MOST + 1])
    items = {item.pk: item for item in first[:MOST]}
    seats = _seats(items)
    people, may = _candidates(items, seats[:MOST_PEOPLE])
    loads = assignments.loads_of(people)
    last = {item.queue_id: item.queue.last_picked_id for item in items.values()}
    pieces = [Piece(item.pk, item.queue_id, may[item.pk]) for item in items.values()]
    shared = shares.evenly(pieces, loads, last)
    return Plan(items, shared, people, loads, len(first) > MOST, len(seats) > MOST_PEOPLE)


@transaction.atomic
def assign_evenly(ids: Sequence[UUID], *, mark: str, by: User) -> int:
    """Give out these questions as it was planned; returns how many somebody got.

    Raises Conflict where the plan would be another by now: nothing is given that was not previewed.
    """
    ids = list(ids)[:MOST]
    runs = Run.objects.filter(interventions__in=ids).order_by().values("pk")
    list(Run.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=runs).order_by("pk").values_list("pk"))
    assignments.hold_turns(Intervention.objects.filter(pk__in=ids).order_by().values_list("queue", flat=True))
    planned = plan(by, ids)
    if not ids or planned.mark != mark:
        raise Conflict("Something changed since this was planned. Look at the plan again.")
    acts = []
    for item, person in planned.given:
        acts += assignments.hand_to(item, person, Actor.of(by))
        Queue.objects.filter(pk=item.queue_id).update(last_picked=person)
    if acts:
        audit.record(*acts)
    return len(planned.given)


def _seats(items: dict[UUID, Intervention]) -> list[Membership]:
    """The seats in their queues, one more than are looked at where there are so many."""
    seats = Membership.objects.filter(queue__in={item.queue_id for item in items.values()}, user__is_active=True)
    return list(seats.select_related("user").order_by("user_id")[: MOST_PEOPLE + 1])


def _candidates(
    items: dict[UUID, Intervention], seats: Sequence[Membership]
) -> tuple[dict[int, User], dict[UUID, frozenset[int]]]:
    """The people concerned, and who of them may take each question.

    Reviewers take; managers only what was escalated, or what no reviewer may decide.
    """
    people: dict[int, User] = {}
    team: defaultdict[tuple[int, str], set[int]] = defaultdict(set)
    for seat in seats:
        people[seat.user_id] = seat.user
        team[seat.queue_id, seat.role].add(seat.user_id)
    called: defaultdict[UUID, set[int]] = defaultdict(set)
    for call_in in CallIn.objects.filter(intervention__in=items, user__is_active=True).select_related("user"):
        place = items[call_in.intervention_id].queue_id
        if call_in.by_seat and not any(call_in.user_id in team[place, role] for role in Membership.Role.values):
            continue
        people[call_in.user_id] = call_in.user
        called[call_in.intervention_id].add(call_in.user_id)
    gone = presence.away(people)
    may = {}
    for pk, item in items.items():
        reviewers = team[item.queue_id, Membership.Role.REVIEWER] | called[pk]
        managers = team[item.queue_id, Membership.Role.MANAGER]
        first = reviewers | managers if item.level else reviewers
        allowed = _allowed(item, reviewers | managers) - gone
        may[pk] = frozenset(first & allowed or allowed)
    return people, may


def _allowed(item: Intervention, people: set[int]) -> set[int]:
    if not (item.policy.get("not_by") or item.policy.get("groups") or item.votes):
        return people
    return people & {person.pk for person in eligibility.eligible(item)}
