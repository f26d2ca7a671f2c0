"""Whom a step of an escalation policy means, as the desk stands now."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import User

from reviews.actions import eligibility, presence, questions, voters
from reviews.models import Intervention, Membership

MOST = 50
"""People one step reaches."""


def people(intervention: Intervention, targets: Iterable[str]) -> list[User]:
    """Active, not away, and not barred from deciding it by its policy; each once, in the order they are named."""
    found: dict[int, User] = {}
    for target in targets:
        found |= {person.pk: person for person in _named(intervention, target) if person.pk not in found}
    gone = presence.away(found) if found else set()
    there = [person for person in found.values() if person.is_active and person.pk not in gone]
    return [person for person in there[:MOST] if not eligibility.barred(person, intervention)]


def _named(intervention: Intervention, target: str) -> list[User]:
    kind, _, name = target.partition(":")
    match kind:
        case "group":
            return list(voters.members_of((name,)).order_by("username")[:MOST])
        case "user":
            return list(User.objects.filter(username=name))
        case "managers":
            managers = Membership.objects.filter(queue=intervention.queue_id, role=Membership.Role.MANAGER)
            return [seat.user for seat in managers.select_related("user").order_by("user__username")[:MOST]]
    whose = (questions.holder_of(intervention) or intervention.assignee) if kind == "holder" else None
    return [whose] if whose else eligibility.eligible(intervention)
