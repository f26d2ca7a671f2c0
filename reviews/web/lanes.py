"""What the managers' board shows: open questions by level, first due first, and who has how much to do."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Count, Q
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.http import urlencode

from reviews import access
from reviews.actions import assignments
from reviews.actions.assignments import Seen
from reviews.actors import name_of
from reviews.models import Absence, Intervention, Membership, Queue
from reviews.models.intervention import InterventionQuerySet
from reviews.web import fragments, keyset
from reviews.web.filters import ORDER

LANES = {"0": "Queue", "1": "Level 1", "2": "Level 2 and above"}
IN_LANE = {"0": Q(level=0), "1": Q(level=1), "2": Q(level__gte=2)}
PER_LANE, PER_PAGE = 20, 50
MOST_SHOWN = 100
MOST_PEOPLE = 300
NOBODY = "-"
SOON = timedelta(minutes=30)


@dataclass(frozen=True)
class Look:
    """One view of the board: a queue, a person's share, one lane of it, and where its page begins."""

    queue: str = ""
    whose: str = ""
    lane: str = ""
    after: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> Look:
        """The view an address asks for; what makes no sense in it is left out."""
        said = {name: query.get(name, "").replace("\x00", "")[:200] for name in ("queue", "whose", "lane", "after")}
        return cls(**said | {"lane": said["lane"] if said["lane"] in LANES else ""})

    def link(self, **changes: str) -> str:
        """This view, changed so, as ``?query``; the plain view is an empty text."""
        other = replace(self, **{"after": "", **changes})
        pairs = {name: getattr(other, name) for name in ("queue", "whose", "lane", "after")}
        given = {name: value for name, value in pairs.items() if value}
        return f"?{urlencode(given)}" if given else ""

    def applied(self, rows: InterventionQuerySet) -> InterventionQuerySet:
        """The rows this view leaves, over all lanes."""
        if self.queue:
            rows = rows.filter(queue__slug=self.queue)
        if self.whose == NOBODY:
            return rows.filter(assignee__isnull=True, claimed_by__isnull=True)
        if self.whose:
            theirs = Q(claimed_by__username=self.whose)
            return rows.filter(theirs | Q(claimed_by__isnull=True, assignee__username=self.whose))
        return rows


@dataclass(frozen=True)
class Person:
    """Somebody who works in a managed queue, as the board shows them."""

    user: User
    load: int
    away_until: Any
    stands_in: str

    @property
    def name(self) -> str:
        """What the desk calls them."""
        return name_of(self.user)

    @property
    def turn(self) -> tuple[bool, int, str]:
        """Where they stand among those a question can be given to: who is there first, then who has least."""
        return bool(self.away_until) and not self.stands_in, self.load, self.name


@dataclass(frozen=True)
class Ticket:
    """One question on the board, and to whom it can be given."""

    item: Intervention
    people: list[Person]

    @property
    def holder(self) -> User | None:
        """Who has it: by a claim, else by assignment."""
        return self.item.claimed_by or self.item.assignee

    @property
    def outsider(self) -> User | None:
        """Whose it is where that is none of the people: they were called in."""
        assignee = self.item.assignee
        return None if assignee is None or assignee in [person.user for person in self.people] else assignee

    @property
    def seen(self) -> str:
        """With whom it is shown, for `read_seen`."""
        return f"{self.item.pk}:{self.item.assignee_id or ''}:{self.item.claimed_by_id or ''}"

    @property
    def is_late(self) -> bool:
        """Whether its time is up."""
        return self.item.due_at < timezone.now() and self.item.asked_back_at is None


@dataclass(frozen=True)
class Lane:
    """The questions of one level; ``number`` counts those not shown too."""

    key: str
    label: str
    number: int
    tickets: list[Ticket] = field(default_factory=list)
    after: str = ""
    is_first: bool = True


def resync(where: str) -> str:
    """Return the fragment that makes an open board fetch itself anew."""
    return render_to_string("reviews/board/_resync.html", {"where": where})


def read_seen(texts: list[str]) -> dict[UUID, Seen]:
    """With whom the page showed each question; nonsense is left out."""
    found = {}
    for text in texts[:MOST_SHOWN]:
        pk, *people = text.split(":")
        try:
            found[UUID(pk)] = Seen(*(int(person) if person else None for person in people[:2]))
        except ValueError:
            continue
    return found


def rows(queues: list[Queue]) -> InterventionQuerySet:
    """The open questions of these queues."""
    return Intervention.objects.open().filter(queue__in=queues)


def board(user: User, look: Look) -> dict[str, Any]:
    """Return what the board shows; the number of queries does not depend on the data.

    The sequence number is read first, so that nothing falls between page and socket.
    """
    seq = fragments.newest()
    queues = list(access.managed_queues(user))
    numbers = _numbers(rows(queues), look)
    team = _team(queues)
    shown = [look.lane] if look.lane else list(LANES)
    everybody = {person.user.pk: person for people in team.values() for person in people}
    workload = sorted(everybody.values(), key=lambda person: (-person.load, person.name))
    return {
        "section": "board",
        "seq": seq,
        "live_url": f"/ws/board/{look.link()}",
        "look": look,
        "keep": look.link(),
        "queues": queues,
        "numbers": numbers,
        "lanes": [_lane(key, queues, look, numbers, team) for key in shown],
        "workload": workload,
        "takers": sorted(workload, key=lambda person: person.turn),
        "is_crowded": sum(map(len, team.values())) >= MOST_PEOPLE,
        "most": max([person.load for person in workload] + [1]),
        "average": sum(person.load for person in workload) / max(len(workload), 1),
        "nobody": NOBODY,
    }


def _numbers(found: InterventionQuerySet, look: Look) -> dict[str, int]:
    now = timezone.now()
    running = Q(asked_back_at__isnull=True)
    counts = {f"lane_{key}": Count("pk", filter=condition) for key, condition in IN_LANE.items()}
    numbers: dict[str, int] = look.applied(found).aggregate(
        all=Count("pk"),
        late=Count("pk", filter=Q(due_at__lt=now) & running),
        soon=Count("pk", filter=Q(due_at__gte=now, due_at__lt=now + SOON) & running),
        free=Count("pk", filter=Q(assignee__isnull=True, claimed_by__isnull=True)),
        **counts,
    )
    return numbers


def _lane(key: str, queues: list[Queue], look: Look, numbers: dict[str, int], team: dict[int, list[Person]]) -> Lane:
    found = look.applied(rows(queues)).filter(IN_LANE[key])
    joined = found.select_related("queue", "claimed_by", "assignee").defer("proposal", "schema", "policy")
    size, cursor = (PER_PAGE, look.after) if look.lane else (PER_LANE, "")
    page = keyset.page(joined, by=ORDER, cursor=cursor, size=size)
    tickets = [Ticket(item, team.get(item.queue_id, [])) for item in page.rows]
    return Lane(key, LANES[key], numbers[f"lane_{key}"], tickets, page.after, page.is_first)


def _team(queues: list[Queue]) -> dict[int, list[Person]]:
    """Who works in these queues, by the queue's key: three queries."""
    seats = list(
        Membership.objects.filter(queue__in=queues, user__is_active=True)
        .select_related("user")
        .order_by("user__first_name", "user__username")[:MOST_PEOPLE]
    )
    users = {seat.user_id: seat.user for seat in seats}
    loads = assignments.loads_of(users)
    absences = Absence.objects.at(timezone.now()).filter(user__in=users).select_related("delegate")
    away = {absence.user_id: absence for absence in absences}
    people = {pk: _person(user, loads.get(pk, 0), away.get(pk)) for pk, user in users.items()}
    team: defaultdict[int, list[Person]] = defaultdict(list)
    for seat in seats:
        team[seat.queue_id].append(people[seat.user_id])
    return {queue: sorted(members, key=lambda person: person.turn) for queue, members in team.items()}


def _person(user: User, load: int, absence: Absence | None) -> Person:
    stands_in = name_of(absence.delegate) if absence and absence.delegate else ""
    return Person(user, load, absence.ends_at if absence else None, stands_in)
