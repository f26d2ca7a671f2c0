"""Finding what somebody named on the command line: an account, or a row by its id or the start of one."""

from __future__ import annotations

import re
from typing import TypeVar
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Model, QuerySet

from reviews import access
from reviews.actions.text import UNSTORABLE
from reviews.management.cli import Misused, Refused
from reviews.models import Intervention, Run

M = TypeVar("M", bound=Model)
LEAST = 4
"""Characters of an id that must be given."""


def account(username: str | None) -> User | None:
    """The active account of that name, or None where no name was given. Raises Refused."""
    if username is None:
        return None
    if UNSTORABLE.search(username):  # some databases would look for it and others not
        raise Refused(f"This text cannot be used as the name of an account: {username!r}.", code="invalid")
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise Refused(f"There is no active account {username!r}.", code="permission")
    return user


def runs(viewer: User | None) -> QuerySet[Run]:
    """The runs that viewer may read; nobody in particular is the system, which reads all."""
    return Run.objects.all() if viewer is None else access.visible_runs(viewer)


def interventions(viewer: User | None) -> QuerySet[Intervention]:
    """The questions that viewer may read; nobody in particular is the system, which reads all."""
    return Intervention.objects.all() if viewer is None else access.visible_interventions(viewer)


def one(id_or_start: str, *shelves: QuerySet[M]) -> M:
    """The one row whose id starts so. Raises Misused for what is no id, Refused for none or several."""
    first, last = _span(id_or_start)
    found = [row for shelf in shelves for row in shelf.filter(pk__gte=first, pk__lte=last)[:2]]
    if not found:
        raise Refused(f"Nothing that you may see has the id {id_or_start}.", code="not_found")
    if len(found) > 1:
        several = ", ".join(f"{row._meta.verbose_name} {row.pk}" for row in found)
        raise Refused(f"Several ids start with {id_or_start}: {several}. Give more of it.", code="ambiguous")
    return found[0]


def _span(id_or_start: str) -> tuple[UUID, UUID]:
    digits = id_or_start.replace("-", "").lower()
    if not re.fullmatch(f"[0-9a-f]{{{LEAST},32}}", digits):
        raise Misused(f"{id_or_start!r} is not an id: give it whole, or at least its first {LEAST} characters.")
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
