"""What changed in all open inboxes, read once per process, and told to each view in its own words.

Who may read a question comes with it, in the same statement: nobody is told what an earlier look would have allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet

from reviews import access
from reviews.actors import names_of
from reviews.models import Event, Intervention, Queue
from reviews.web import fragments, visible
from reviews.web.prepared import Prepared
from reviews.web.view import View

EVENT = ("seq", "kind", "actor", "at", "intervention_id")
ITEM = ("id", "title", "risk", "level", "tool", "kind", "agent", "rejections", "due_at", "status", "claimed_by_id")
HOLDER = ("username", "first_name", "last_name")


@dataclass(frozen=True)
class Change:
    """One line of a question's history, the question as it is now, and who may read it."""

    event: Event
    item: Intervention
    readers: frozenset[int]


def after(seq: int) -> list[Change] | None:
    """What happened to questions after that number, in order: one statement. None if it is too much to tell."""
    found = LINES.rows(seq)
    return None if len(found) > fragments.AT_ONCE else [_change(row) for row in found]


def _lines(seq: int) -> QuerySet[Event, tuple[Any, ...]]:
    """The events after that number, each with its question, holder, queue and readers."""
    item = [f"intervention__{name}" for name in ITEM]
    holder = [f"intervention__claimed_by__{name}" for name in HOLDER]
    lines = Event.objects.filter(seq__gt=seq, intervention__isnull=False).order_by("seq")
    lines = lines.annotate(**access.readers("intervention__queue"))
    return lines.values_list(*EVENT, *item, *holder, "intervention__queue__slug", "seated", "overseers")[
        : fragments.AT_ONCE + 1
    ]


LINES = Prepared(_lines)


def _change(row: tuple[Any, ...]) -> Change:
    values = iter(row)
    event, item, holder = (dict(zip(names, values, strict=False)) for names in (EVENT, ITEM, HOLDER))
    slug, seated, overseers = values
    claimed_by = User(pk=item["claimed_by_id"], **holder) if item["claimed_by_id"] is not None else None
    item |= {"queue": Queue(slug=slug), "claimed_by": claimed_by}
    return Change(Event(**event), Intervention(**item), frozenset([*(seated or ()), *(overseers or ())]))


class Telling:
    """The words for each view, made once for all that are told the same."""

    def __init__(self, changes: Iterable[Change], now_at: int, names: dict[str, str]) -> None:
        self.changes = list(changes)
        self.now_at = now_at
        self.names = names
        self._said: dict[tuple[int, ...], str] = {}
        self._seen: dict[str, str] = {}
        actors = {change.event.actor for change in self.changes if fragments.deed(change.event)}
        if unknown := actors - set(names):
            names |= {name: name for name in unknown} | names_of(unknown)

    def to(self, view: View, since: int) -> str:
        """What this view is told of what happened after that number; empty if nothing concerns it."""
        seen = [change for change in self.changes if change.event.seq > since and view.person in change.readers]
        last = {change.item.pk: change for change in seen}
        if not last:
            return ""
        rows = "".join(self._row(change.item, view) for change in last.values())
        told = [change.event for change in last.values() if fragments.deed(change.event)]
        others = [event for event in told if event.actor != view.username]
        return self._shown(rows) + self._shown(self._notices(tuple(event.seq for event in others)))

    def _notices(self, seqs: tuple[int, ...]) -> str:
        if seqs not in self._said:
            events = [change.event for change in self.changes if change.event.seq in seqs]
            self._said[seqs] = fragments.notices(events, self.names)
        return self._said[seqs]

    def _shown(self, html: str) -> str:
        if html not in self._seen:
            self._seen[html] = visible.shown(html)
        return self._seen[html]

    def _row(self, item: Intervention, view: View) -> str:
        if item.is_open and view.chosen.shows(item, view.person):
            return fragments.row(fragments.Row.of(item, view.person, view.chosen), self.now_at)
        return fragments.removal(item.pk)


@dataclass(frozen=True)
class Told:
    """The words for those views that anything concerns; None if it is too much to tell."""

    words: dict[View, str] | None
    seq: int
    has_changes: bool = False


def tell(seq: int, now_at: int, views: Mapping[View, int], names: dict[str, str]) -> Told:
    """Read what happened after that number and put it into words for each view, from the number it has come to.

    ``names`` is what people are called, as far as was asked before; it is added to.
    """
    changes = after(seq)
    if changes is None:
        return Told(None, now_at, True)
    now_at = max(now_at, *(change.event.seq for change in changes)) if changes else now_at
    telling = Telling(changes, now_at, names)
    words = {view: telling.to(view, since) for view, since in views.items()}
    return Told({view: html for view, html in words.items() if html}, now_at, bool(changes))
