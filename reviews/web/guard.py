"""Whether those who listen still may: their sessions, accounts and seats, looked at for all of them at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone

from reviews import access
from reviews.access import Sight
from reviews.web import fragments


@dataclass(frozen=True)
class Listener:
    """Who opened a page, and by which session; a new password ends the sessions begun with the old one."""

    person: int
    username: str
    password: str
    session: str


@dataclass(frozen=True)
class Seen:
    """What one look found."""

    present: frozenset[Listener]
    sights: dict[int, Sight]
    newest: int


def look(listeners: Collection[Listener]) -> Seen:
    """Return who of them is still signed in, what each may read, and the newest number of all."""
    keys = {one.session for one in listeners}
    sessions = Session.objects.filter(pk__in=keys, expire_date__gt=timezone.now())
    standing = set(sessions.values_list("pk", flat=True))
    people = User.objects.filter(pk__in={one.person for one in listeners}, is_active=True)
    passwords = dict(people.values_list("pk", "password"))
    present = {one for one in listeners if one.session in standing and passwords.get(one.person) == one.password}
    return Seen(frozenset(present), access.sights(passwords), fragments.newest())
