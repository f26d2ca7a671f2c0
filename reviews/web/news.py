"""What changed in all open inboxes, read once per process, and told to each view in its own words.

Who may read a question comes with it, in the same statement: nobody is told what an earlier look would have allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reviews import access
from reviews.actors import names_of
from reviews.models import Event, Intervention
from reviews.web import fragments, visible
from reviews.web.view import View

SHOWN = ("title", "risk", "level", "tool", "kind", "agent", "rejections", "due_at", "status", "claimed_by", "queue")
COLUMNS = (
    *("seq", "kind", "actor", "at", "intervention_id"),
    *(f"intervention__{name}" for name in SHOWN),
    "intervention__queue__slug",
    *(f"intervention__claimed_by__{name}" for name in ("username", "first_name", "last_name")),
)


@dataclass(frozen=True)
class Change:
    """One line of a question's history, the question as it is now, and who may read it."""

    event: Event
    readers: frozenset[int]

    @property
    def item(self) -> Intervention:
        """The question."""
        assert self.event.intervention
        return self.event.intervention


def after(seq: int) -> list[Change] | None:
    """What happened to questions after that number, in order: one statement. None if it is too much to tell."""
    lines = Event.objects.filter(seq__gt=seq, intervention__isnull=False).order_by("seq")
    lines = lines.select_related("intervention__queue", "intervention__claimed_by").only(*COLUMNS)
    found = list(lines.annotate(**access.readers("intervention__queue"))[: fragments.AT_ONCE + 1])
    return None if len(found) > fragments.AT_ONCE else [Change(line, _readers(line)) for line in found]


class Telling:
    """The words for each view, made once for all that are told the same."""

    def __init__(self, changes: Iterable[Change], now_at: int, names: dict[str, str]) -> None:
        self.changes = list(changes)
        self.now_at = now_at
        self.names = names
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
        return visible.shown(rows + fragments.notices(others, self.names))

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


def _readers(line: Event) -> frozenset[int]:
    return frozenset([*(getattr(line, "seated") or ()), *(getattr(line, "overseers") or ())])  # noqa: B009
