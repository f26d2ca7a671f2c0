"""Who is there: away now or not, and who stands in."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.utils import timezone

from reviews.actions import eligibility
from reviews.models import Absence, Intervention


def away(people: Iterable[int]) -> set[int]:
    """Those of these people, by their keys, who are away now: one query."""
    return set(Absence.objects.at(timezone.now()).filter(user__in=list(people)).values_list("user", flat=True))


def stand_in(user: User, intervention: Intervention) -> User | None:
    """Who takes the question meant for ``user``: they themselves unless away, else their delegate, else nobody.

    A delegate who is away too, or may not decide it, takes nothing.
    """
    absences = Absence.objects.at(timezone.now())
    absence = absences.filter(user=user).select_related("delegate").order_by("-ends_at").first()
    if absence is None:
        return user
    delegate = absence.delegate
    if delegate is None or absences.filter(user=delegate).exists() or eligibility.may_decide(delegate, intervention):
        return None
    return delegate
