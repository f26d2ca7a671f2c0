"""What one page has missed: a look of its own, when it opens or has fallen behind. Equal looks find the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from django.contrib.auth.models import User

from reviews import access
from reviews.access import Sight
from reviews.web import board, fragments, lanes, runs, visible
from reviews.web.endings import NOT_FOUND, SIGNED_OUT, Gone
from reviews.web.filters import Filter


@dataclass(frozen=True)
class Found:
    """What was missed, the number that brings the page to, and what its reader may see."""

    html: str
    seq: int
    sight: Sight
    mark: str = ""


class Look(Protocol):
    """Made on a thread. Raises Gone."""

    def __call__(self) -> Found: ...


@dataclass(frozen=True)
class InboxLook:
    """Rows, notices and head; the whole list anew where ``is_astray`` says that it no longer fits its reader."""

    person: int
    chosen: Filter
    since: int
    is_owed: bool
    is_astray: bool

    def __call__(self) -> Found:
        """The rows that changed, as the filters of this page show them."""
        user, sight = _account(self.person)
        if self.is_astray:
            html = fragments.resync(self.chosen) + fragments.rest(user, self.chosen)
            return Found(visible.shown(html), fragments.newest(), sight)
        if not sight:
            return Found("", fragments.newest(), sight)
        found = fragments.since(user, self.chosen, self.since, is_owed=self.is_owed)
        return Found(visible.shown(found.html), found.seq, sight)


@dataclass(frozen=True)
class BoardLook:
    """Whether a board's queues have changed; for who manages none any more there is no such page."""

    person: int
    chosen: lanes.Look
    since: int
    is_astray: bool

    def __call__(self) -> Found:
        """The order to fetch the board anew, where it shows no longer what is."""
        user, sight = _account(self.person)
        if not sight.managed:
            raise Gone(NOT_FOUND)
        found = board.news(user, self.chosen, self.since)
        html = board.anew(self.chosen) if self.is_astray else found.html
        return Found(visible.shown(html), found.seq, sight)


@dataclass(frozen=True)
class RunLook:
    """One run's page; ``mark`` is how far it has come."""

    person: int
    run_id: UUID
    mark: str

    def __call__(self) -> Found:
        """The run's page as it is now."""
        user, sight = _account(self.person)
        if not access.visible_runs(user).filter(pk=self.run_id).exists():
            raise Gone(NOT_FOUND)
        now_at = fragments.newest()
        html, mark = runs.live_fragments(user, self.run_id, self.mark)
        return Found(visible.shown(html), now_at, sight, mark)


def _account(person: int) -> tuple[User, Sight]:
    """Read anew: what an account may do is remembered with it. Raises Gone when it is not active."""
    sights = access.sights({person})
    if person not in sights:
        raise Gone(SIGNED_OUT)
    return User.objects.get(pk=person), sights[person]
