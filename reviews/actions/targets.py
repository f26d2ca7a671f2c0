"""Whom a step of an escalation policy means, as the desk stands now."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.contrib.auth.models import User

from reviews.actions import eligibility, presence, questions, voters
from reviews.models import Intervention, Membership

MOST = 50
"""People one step reaches."""
CALLING = frozenset({"escalate", "add_reviewers"})
"""Steps that give whom they reach the right to see and decide it; all others reach only those who have it."""


class Roster:
    """Who is there, read once for all questions of a round of the clock."""

    def __init__(self) -> None:
        self._lists: dict[tuple[str, object], list[User]] = {}
        self._away: dict[int, bool] = {}
        self._seats: dict[tuple[int, int], bool] = {}

    def people(self, intervention: Intervention, targets: Iterable[str], *, do: str = "") -> list[User]:
        """Active, not away, and not barred from deciding it by its policy; each once, in the order they are named.

        They see it already, unless the step that is done calls them in. A step reaches nobody who has voted on it;
        without one they are only told what became of it.
        """
        found: dict[int, User] = {}
        for target in targets:
            found |= {person.pk: person for person in self._named(intervention, target) if person.pk not in found}
        if unknown := found.keys() - self._away.keys():
            gone = presence.away(unknown)
            self._away |= {person: person in gone for person in unknown}
        there = [person for person in found.values() if person.is_active and not self._away[person.pk]]
        if do not in CALLING:
            there = self._working_on(intervention, there)
        why_not = eligibility.why_not if do else eligibility.barred
        return [person for person in there[:MOST] if not why_not(person, intervention)]

    def _working_on(self, intervention: Intervention, people: list[User]) -> list[User]:
        """Those with a seat in its queue, and those called in."""
        queue = intervention.queue_id
        if unknown := {person.pk for person in people if (queue, person.pk) not in self._seats}:
            seats = Membership.objects.filter(queue=queue, user__in=unknown)
            seated = set(seats.values_list("user", flat=True))
            self._seats |= {(queue, person): person in seated for person in unknown}
        called = {call_in.user_id for call_in in intervention.call_ins.all() if not call_in.by_seat}
        return [person for person in people if person.pk in called or self._seats[queue, person.pk]]

    def _named(self, intervention: Intervention, target: str) -> list[User]:
        kind, _, name = target.partition(":")
        match kind:
            case "group":
                return self._read(target, None, lambda: voters.members_of((name,)).order_by("username")[:MOST])
            case "user":
                return self._read(target, None, lambda: User.objects.filter(username=name))
            case "managers":
                return self._read(target, intervention.queue_id, lambda: _managers(intervention.queue_id))
        whose = (questions.holder_of(intervention) or intervention.assignee) if kind == "holder" else None
        return [whose] if whose else self._reviewers(intervention)

    def _reviewers(self, intervention: Intervention) -> list[User]:
        """Who may decide it; where its policy asks for nobody in particular, that is the same for all of its queue."""
        particular = intervention.policy.get("groups") or intervention.policy.get("not_by") or intervention.votes
        if particular or intervention.call_ins.all():
            return eligibility.eligible(intervention)
        return self._read("reviewers", intervention.queue_id, lambda: eligibility.eligible(intervention))

    def _read(self, target: str, queue_id: int | None, read: Callable[[], Iterable[User]]) -> list[User]:
        key = (target, queue_id)
        if key not in self._lists:
            self._lists[key] = list(read())
        return self._lists[key]


def _managers(queue_id: int) -> list[User]:
    managers = Membership.objects.filter(queue=queue_id, role=Membership.Role.MANAGER)
    return [seat.user for seat in managers.select_related("user").order_by("user__username")[:MOST]]
