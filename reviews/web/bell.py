"""The bell in the head of every page: what was told to somebody and not read yet."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Count, Max, Q, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone

from reviews import access
from reviews.actions import notice_settings
from reviews.models import Notice
from reviews.notices import wording
from reviews.web import visible

SHOWN = 8
"""Messages shown under the bell; beyond them it leads to the page."""


@dataclass(frozen=True)
class Ring:
    """One message as the bell and the page show it."""

    id: int
    text: str
    says: str
    at: datetime
    is_new: bool
    intervention: UUID | None

    @classmethod
    def of(cls, notice: Notice) -> Ring:
        """The notice in the words of a mail's subject."""
        line = wording.line(notice)
        is_new = notice.read_at is None
        return cls(notice.pk, line.subject, line.says, notice.created_at, is_new, notice.intervention_id)


@dataclass(frozen=True)
class Bell:
    """The newest unread messages of one person, whether there are more, and whether a window may pop up now."""

    rings: list[Ring]
    more: bool
    quiet: bool

    @property
    def count(self) -> str:
        """How many there are, as far as anybody counts."""
        return f"{SHOWN}+" if self.more else str(len(self.rings) or "")


def of(user: User) -> Bell:
    """What is unread: one statement, and another where there is something."""
    unread = list(readable(Notice.objects.unread(user.pk), user)[: SHOWN + 1])
    quiet = bool(unread) and notice_settings.of(user).quiet_until(timezone.now()) is not None
    return Bell([Ring.of(notice) for notice in unread[:SHOWN]], len(unread) > SHOWN, quiet)


def fragment(user: User) -> str:
    """The bell for a page that is open."""
    return render_to_string("reviews/notices/_bell.html", {"bell": of(user), "oob": True})


Mark = tuple[int, int]
"""The newest unread message of somebody, and how many there are: their bell has changed if this has."""
SILENT: Mark = (0, 0)


def rung(known: Collection[tuple[int, Mark | None]]) -> dict[tuple[int, Mark | None], tuple[Mark, str]]:
    """Return the marks of many people's bells, and the bell of each whose mark is another than the one known.

    One statement for all, and those of the page for each who was told something or has read it.
    """
    people = {person for person, _ in known}
    unread = Notice.objects.unread_by(people).order_by().values_list("user_id")
    marks = {person: (newest, number) for person, newest, number in unread.annotate(Max("pk"), Count("pk"))}
    changed = {person for person, mark in known if mark != marks.get(person, SILENT)}
    bells = {user.pk: visible.shown(fragment(user)) for user in User.objects.filter(pk__in=changed)} if changed else {}
    return {
        (person, mark): (now, bells.get(person, "") if mark != now else "")
        for person, mark in known
        for now in [marks.get(person, SILENT)]
    }


def readable(rows: QuerySet[Notice], user: User) -> QuerySet[Notice]:
    """Those about items that the person may still read."""
    return rows.filter(Q(intervention=None) | Q(intervention__in=access.visible_interventions(user)))
