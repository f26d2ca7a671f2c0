"""Which part of the inbox somebody looks at: read from an address, applied to rows, written back into links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.models import User
from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone
from django.utils.http import urlencode

from reviews.models import Intervention, Queue
from reviews.models.intervention import InterventionQuerySet
from reviews.states import Risk

ALL, MINE, ASSIGNED, UNCLAIMED, ESCALATED, SNOOZED = "all", "mine", "assigned", "unclaimed", "escalated", "snoozed"
TABS = {
    ALL: "All",
    MINE: "Mine",
    ASSIGNED: "Assigned to me",
    UNCLAIMED: "Unclaimed",
    ESCALATED: "Escalated",
    SNOOZED: "Snoozed",
}
QUIET = frozenset({ASSIGNED, ESCALATED, SNOOZED})
"""Tabs that are shown only where something is in them."""
ORDER = ("-priority", "due_at", "-risk", "created_at", "id")
LONGEST_SEARCH = 200
MOST_CHOSEN = 100


def in_tab(tab: str, user: User) -> Q:
    """The questions of one tab, an unknown one being all; what they put aside has a tab of its own until it is time."""
    aside = Q(assignee=user.pk, snoozed_until__gt=timezone.now())
    if tab == SNOOZED:
        return aside
    conditions = {
        MINE: Q(claimed_by=user.pk),
        ASSIGNED: Q(assignee=user.pk),
        UNCLAIMED: Q(claimed_by__isnull=True),
        ESCALATED: Q(level__gt=0),
    }
    return conditions.get(tab, Q()) & ~aside


@dataclass(frozen=True)
class Sort:
    """Open questions that no filter but a search tells apart, and how many they are.

    ``question`` is set where it is a single one that is told apart from the others.
    """

    queue_id: int
    slug: str
    risk: int
    agent: str
    tool: str
    level: int
    claimed_by_id: int | None
    assignee_id: int | None
    snoozed_until: datetime | None
    question: UUID | None
    number: int
    due_soon: int


@dataclass(frozen=True)
class Filter:
    """One view of the inbox; nothing chosen means everything."""

    tab: str = ALL
    queue: tuple[str, ...] = ()
    risk: tuple[str, ...] = ()
    agent: tuple[str, ...] = ()
    tool: tuple[str, ...] = ()
    q: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> Filter:
        """The view an address asks for; what makes no sense in it is left out."""
        tab = query.get("tab", ALL)
        return cls(
            tab=tab if tab in TABS else ALL,
            queue=_given(query, "queue"),
            risk=tuple(value for value in query.getlist("risk") if value in {str(risk.value) for risk in Risk}),
            agent=_given(query, "agent"),
            tool=_given(query, "tool"),
            q=_clean(query.get("q", "")).strip()[:LONGEST_SEARCH],
        )

    def narrowed(self, rows: InterventionQuerySet) -> InterventionQuerySet:
        """The rows that the filters leave, over all tabs."""
        chosen: dict[str, Any] = {
            "queue__slug__in": self.queue,
            "risk__in": [int(risk) for risk in self.risk],
            "agent__in": self.agent,
            "tool__in": self.tool,
            "title__icontains": self.q,
        }
        return rows.filter(**{name: value for name, value in chosen.items() if value})

    def applied(self, rows: InterventionQuerySet, user: User) -> InterventionQuerySet:
        """The rows of the chosen tab that the filters leave."""
        return self.narrowed(rows).filter(in_tab(self.tab, user))

    def shows(self, item: Intervention | Sort, person: int) -> bool:
        """Whether `applied` leaves this row, its queue joined, or all of a sort; only for a view without a search.

        What a title "contains" is the database's to say: each has its own idea of letters.
        """
        is_theirs, until = item.assignee_id == person, item.snoozed_until
        is_aside = is_theirs and until is not None and until > timezone.now()
        tabs = {
            MINE: item.claimed_by_id == person,
            ASSIGNED: is_theirs,
            UNCLAIMED: item.claimed_by_id is None,
            ESCALATED: item.level > 0,
        }
        return is_aside == (self.tab == SNOOZED) and tabs.get(self.tab, True) and self.leaves(item)

    def leaves(self, item: Intervention | Sort) -> bool:
        """Whether `narrowed` leaves it, whatever the tab."""
        chosen = (
            (self.queue, item.slug if isinstance(item, Sort) else item.queue.slug),
            (self.risk, str(item.risk)),
            (self.agent, item.agent),
            (self.tool, item.tool),
        )
        return all(not wanted or value in wanted for wanted, value in chosen)

    @property
    def is_narrow(self) -> bool:
        """Whether anything but a tab is chosen."""
        return bool(self.queue or self.risk or self.agent or self.tool or self.q)

    def link(self, **changes: Any) -> str:
        """This view, changed so, as ``?query``; the plain view is an empty text."""
        other = replace(self, **changes)
        pairs = [("tab", other.tab)] if other.tab != ALL else []
        for name in ("queue", "risk", "agent", "tool"):
            pairs += [(name, value) for value in getattr(other, name)]
        pairs += [("q", other.q)] if other.q else []
        return f"?{urlencode(pairs)}" if pairs else ""


class FilterForm(forms.Form):
    """The filters as menus of ticks, a plain GET form."""

    queue = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple)
    risk = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple)
    agent = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple)
    tool = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple)

    def __init__(self, chosen: Filter, *, queues: Sequence[Queue], used: Mapping[str, set[str]]) -> None:
        super().__init__(initial={name: getattr(chosen, name) for name in ("queue", "risk", "agent", "tool")})
        self._offer("queue", [(queue.slug, queue.name) for queue in queues])
        self._offer("risk", [(str(risk.value), risk.label) for risk in reversed(Risk)])
        for name in ("agent", "tool"):
            self._offer(name, [(value, value) for value in sorted(used[name] | set(getattr(chosen, name)))])

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = choices


def _given(query: QueryDict, name: str) -> tuple[str, ...]:
    return tuple(map(_clean, query.getlist(name)[:MOST_CHOSEN]))


def _clean(text: str) -> str:
    return text.replace("\x00", "")  # PostgreSQL has no such character and refuses to look for it


def position(item: Intervention) -> str:
    """The row's place in the list as text that sorts like ORDER."""
    when = "%Y%m%d%H%M%S%f"
    ranks = f"{9 - item.priority}-{item.due_at:{when}}-{9 - item.risk}-{item.created_at:{when}}"
    return f"{ranks}-{UUID(str(item.pk)).hex}"
