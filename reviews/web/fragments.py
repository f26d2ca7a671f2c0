"""What changed in somebody's inbox since a moment, as fragments that find their own places in the page.

The socket and the polling address send the same. Rows are rendered as they are now, whatever led there, so a fragment
that arrives twice does no harm. The review pane is never among them: what a reviewer types stays theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Count, Q, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone

from reviews import access
from reviews.actors import name_of, names_of
from reviews.models import Event, Intervention
from reviews.models.intervention import InterventionQuerySet
from reviews.web import bell, filters
from reviews.web.context import Desk
from reviews.web.filters import Filter

AT_ONCE = 200
"""Missed events from which the browser fetches its list anew."""
SOON = timedelta(minutes=30)
PAST = {
    "approve": "approved",
    "edit": "edited and approved",
    "override": "overrode",
    "reject": "rejected",
    "answer": "answered",
    "voted": "voted on",
    "decided": "settled",
    "claimed": "claimed",
    "released": "released",
    "assigned": "assigned",
    "unassigned": "unassigned",
    "escalated": "escalated",
    "cancelled": "withdrew",
    "expired": "let expire",
    "claim.expired": "ended the claim on",
}
CLOCK = "The clock"
NOBODY = {"timeout": CLOCK, "clock": CLOCK, "policy": "A rule", "system": "The desk"}
"""What the desk calls those who act without being a person."""


REOPENS = {"released", "assigned", "unassigned", "escalated", "claim.expired"}
"""Deeds after which the question may still be decided by whoever has it open."""


@dataclass(frozen=True)
class Changes:
    """Fragments, and the sequence number they bring the page to."""

    html: str
    seq: int


@dataclass(frozen=True)
class Row:
    """One line of the inbox as one person sees it; equal rows have equal fragments."""

    id: UUID
    order: str
    title: str
    risk: int
    level: int
    tool: str
    kind: str
    agent: str
    rejections: int
    progress: str
    due_at: datetime
    holder: str
    is_mine: bool
    assignee: str
    is_for_me: bool
    waits: bool
    keep: str

    @classmethod
    def of(cls, item: Intervention, user: User, chosen: Filter) -> Row:
        """The item as that person sees it; needs ``claimed_by`` and ``assignee`` joined."""
        holder, assignee = item.claimed_by, item.assignee
        return cls(
            id=item.pk,
            order=filters.position(item),
            title=item.title,
            risk=item.risk,
            level=item.level,
            tool=item.tool,
            kind=item.get_kind_display(),
            agent=item.agent,
            rejections=item.rejections,
            progress=item.progress,
            due_at=item.due_at,
            holder=name_of(holder) if holder else "",
            is_mine=item.claimed_by_id == user.pk,
            assignee=name_of(assignee) if assignee else "",
            is_for_me=item.assignee_id == user.pk,
            waits=item.asked_back_at is not None,
            keep=chosen.link(),
        )


def newest() -> int:
    """The sequence number a page is rendered at; read it before the rows, so that nothing falls between."""
    return Event.objects.order_by("-seq").values_list("seq", flat=True).first() or 0


def waiting(user: User) -> InterventionQuerySet:
    """The open questions they may see."""
    visible = access.visible_interventions(user)
    assert isinstance(visible, InterventionQuerySet)
    return visible.open()


def since(user: User, chosen: Filter, seq: int) -> Changes:
    """Return what changed for them after that sequence number."""
    now_at = newest()
    if now_at <= seq:
        return Changes("", now_at)
    seen = Event.objects.filter(seq__gt=seq, intervention__in=access.visible_interventions(user)).order_by("seq")
    events = list(seen.only("seq", "kind", "actor", "at", "intervention_id")[: AT_ONCE + 1])
    if not events:
        return Changes("", now_at)
    if len(events) > AT_ONCE:
        return Changes(render_to_string("reviews/inbox/_resync.html", {"keep": chosen.link()}), now_at)
    last = {event.intervention_id: event for event in events if event.intervention_id}
    html = rows_of(user, chosen, last, now_at) + _notices(last.values(), user) + counts(user, chosen)
    return Changes(html + bell.fragment(user), now_at)


def rows_of(user: User, chosen: Filter, touched: Iterable[UUID], now_at: int) -> str:
    """Return the rows of the touched questions as they are now; those that left the view are taken out of it."""
    ids = list(touched)
    shown = chosen.applied(waiting(user).filter(pk__in=ids), user).for_inbox()
    rows = {item.pk: Row.of(item, user, chosen) for item in shown}
    return "".join(_fragment(rows[pk], now_at) if pk in rows else _removal(pk) for pk in ids)


def tally(rows: QuerySet[Intervention], user: User) -> dict[str, int]:
    """How many of the rows are in each tab, and how many are due soon."""
    tabs = {tab: Count("pk", filter=filters.in_tab(tab, user)) for tab in filters.TABS}
    due = Count("pk", filter=Q(due_at__lt=timezone.now() + SOON))
    found: dict[str, int] = rows.aggregate(**tabs, due_soon=due)
    return found


def counts(user: User, chosen: Filter) -> str:
    """Return the tabs with their numbers, and the numbers in the rail."""
    return render_to_string("reviews/inbox/_counts.html", summary(user, chosen) | {"oob": True, "desk": Desk(user)})


def summary(user: User, chosen: Filter) -> dict[str, Any]:
    """What the head of the list says."""
    numbers = tally(chosen.narrowed(waiting(user)), user)
    shown = [tab for tab in filters.TABS if tab not in filters.QUIET or numbers[tab] or chosen.tab == tab]
    return {
        "tabs": [(tab, filters.TABS[tab], numbers[tab], chosen.link(tab=tab)) for tab in shown],
        "chosen": chosen,
        "numbers": numbers,
    }


def _notices(events: Iterable[Event], user: User) -> str:
    """Word for whoever has one of the questions open that a colleague has touched it."""
    kinds = [
        (event, event.kind.removeprefix("intervention.")) for event in events if event.actor != user.get_username()
    ]
    said = [(event, PAST.get(kind), kind in REOPENS) for event, kind in kinds]
    names = names_of(event.actor for event, did, _ in said if did)
    notices = [
        {"event": event, "did": did, "who": _who(event, names), "reopens": reopens}
        for event, did, reopens in said
        if did
    ]
    return render_to_string("reviews/inbox/_notices.html", {"notices": notices})


def _who(event: Event, names: Mapping[str, str]) -> str:
    """Who did it, but for a vote: the next one is to be cast without knowing that."""
    if event.kind == "intervention.voted":
        return "A colleague"
    return names.get(event.actor) or NOBODY.get(event.actor, event.actor)


def _removal(pk: UUID) -> str:
    return f'<li id="row-{UUID(str(pk))}" hx-swap-oob="delete"></li>'


@lru_cache(maxsize=512)
def _fragment(row: Row, now_at: int) -> str:
    """The row, rendered once per process for all who see it alike; ``now_at`` keeps its clock fresh."""
    return render_to_string("reviews/inbox/_row.html", {"row": row, "oob": True})


def mark(seq: int, *, is_live: bool = True) -> str:
    """Return the fragment that tells the page how far it has come; sent often, it also says that the line is alive."""
    bells = "" if is_live else ' data-bells="off"'
    return f'<data id="live-seq" value="{seq:d}"{bells} hx-swap-oob="true"></data>'
