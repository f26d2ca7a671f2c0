"""What changed in all open inboxes, read once per process, and told to each view in its own words.

Who may read a question comes with it, in the same statement: nobody is told what an earlier look would have allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet

from reviews import access
from reviews.models import Event, Intervention, Queue
from reviews.web import board, fragments, visible
from reviews.web.prepared import Prepared
from reviews.web.view import BoardView, View

EVENT = ("seq", "kind", "actor", "at", "intervention_id")
ITEM = (
    *("id", "title", "risk", "level", "tool", "kind", "agent", "rejections", "votes", "priority", "status"),
    *("created_at", "due_at", "asked_back_at", "snoozed_until", "claimed_by_id", "assignee_id"),
)
POLICY = ("approvals", "rejecting")
"""What a row says of the rule that asked; all of it would be much to read at every bell."""
NAME = ("username", "first_name", "last_name")
READERS = ("seated", "called", "asked", "overseers")


@dataclass(frozen=True)
class Change:
    """One line of a question's history, the question as it is now, who may read it, and who has it on a board."""

    event: Event
    item: Intervention
    readers: frozenset[int]
    managers: frozenset[int]


def after(seq: int) -> list[Change] | None:
    """What happened to questions after that number, in order: one statement. None if it is too much to tell."""
    found = LINES.rows(seq)
    return None if len(found) > fragments.AT_ONCE else [_change(row) for row in found]


def _lines(seq: int) -> QuerySet[Event, tuple[Any, ...]]:
    """The events after that number, each with its question, its people, queue and readers."""
    item = [f"intervention__{name}" for name in ITEM]
    policy = [f"intervention__policy__{name}" for name in POLICY]
    people = [f"intervention__{role}__{name}" for role in ("claimed_by", "assignee") for name in NAME]
    lines = Event.objects.filter(seq__gt=seq, intervention__isnull=False).order_by("seq")
    lines = lines.annotate(**access.readers("intervention"))
    columns = (*EVENT, *item, *policy, *people, "intervention__queue__slug", "managers", *READERS)
    return lines.values_list(*columns)[: fragments.AT_ONCE + 1]


LINES = Prepared(_lines)


def _change(row: tuple[Any, ...]) -> Change:
    values = iter(row)
    event, item, policy, holder, assignee = (
        dict(zip(names, values, strict=False)) for names in (EVENT, ITEM, POLICY, NAME, NAME)
    )
    slug, managers, *readers = values
    item |= {
        "queue": Queue(slug=slug),
        "policy": policy,
        "claimed_by": _person(item["claimed_by_id"], holder),
        "assignee": _person(item["assignee_id"], assignee),
    }
    everybody = frozenset(chain.from_iterable(people or () for people in readers))
    return Change(Event(**event), Intervention(**item), everybody, frozenset(managers or ()))


def _person(number: int | None, name: dict[str, Any]) -> User | None:
    return None if number is None else User(pk=number, **name)


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
            names |= fragments.called(unknown)

    def to(self, view: View | BoardView, since: int) -> str:
        """What this view is told of what happened after that number; empty if nothing concerns it."""
        return self._to_inbox(view, since) if isinstance(view, View) else self._to_board(view, since)

    def _to_board(self, view: BoardView, since: int) -> str:
        mine = (change for change in self.changes if change.event.seq > since and view.person in change.managers)
        return self._shown(board.anew(view.chosen)) if any(mine) else ""

    def _to_inbox(self, view: View, since: int) -> str:
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

    words: dict[View | BoardView, str] | None
    seq: int
    has_changes: bool = False


def tell(seq: int, now_at: int, views: Mapping[View | BoardView, int], names: dict[str, str]) -> Told:
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
