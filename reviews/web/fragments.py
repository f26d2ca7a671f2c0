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
VOTED, A_COLLEAGUE = "voted", "A colleague"
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
    def of(cls, item: Intervention, person: int, chosen: Filter) -> Row:
        """The item as the account of that number sees it; needs ``claimed_by`` and ``assignee`` joined."""
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
            is_mine=item.claimed_by_id == person,
            assignee=name_of(assignee) if assignee else "",
            is_for_me=item.assignee_id == person,
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


def since(user: User, chosen: Filter, seq: int, *, is_owed: bool = False) -> Changes:
    """Return what changed for them after that sequence number; the head also when only this is owed."""
    now_at = newest()
    found = _since(user, chosen, seq, now_at) if now_at > seq else ""
    return Changes(found or (rest(user, chosen) if is_owed else ""), now_at)


def _since(user: User, chosen: Filter, seq: int, now_at: int) -> str:
    seen = Event.objects.filter(seq__gt=seq, intervention__in=access.visible_interventions(user)).order_by("seq")
    events = list(seen.only("seq", "kind", "actor", "at", "intervention_id")[: AT_ONCE + 1])
    if not events:
        return ""
    if len(events) > AT_ONCE:
        return resync(chosen)
    last = {event.intervention_id: event for event in events if event.intervention_id}
    others = [event for event in last.values() if deed(event) and event.actor != user.get_username()]
    said = notices(others, called(event.actor for event in others))
    return rows_of(user, chosen, last, now_at) + said + rest(user, chosen)


def resync(chosen: Filter) -> str:
    """Return the order to fetch the list anew."""
    return render_to_string("reviews/inbox/_resync.html", {"keep": chosen.link()})


def rows_of(user: User, chosen: Filter, touched: Iterable[UUID], now_at: int) -> str:
    """Return the rows of the touched questions as they are now; those that left the view are taken out of it."""
    ids = list(touched)
    shown = chosen.applied(waiting(user).filter(pk__in=ids), user).for_inbox()
    rows = {item.pk: Row.of(item, user.pk, chosen) for item in shown}
    return "".join(row(rows[pk], now_at) if pk in rows else removal(pk) for pk in ids)


def tally(rows: QuerySet[Intervention], user: User) -> dict[str, int]:
    """How many of the rows are in each tab, and how many are due soon."""
    tabs = {tab: Count("pk", filter=filters.in_tab(tab, user)) for tab in filters.TABS}
    due = Count("pk", filter=Q(due_at__lt=timezone.now() + SOON))
    found: dict[str, int] = rows.aggregate(**tabs, due_soon=due)
    return found


def counts(user: User, chosen: Filter) -> str:
    """Return the tabs with their numbers, and the numbers in the rail."""
    return head(chosen, tally(chosen.narrowed(waiting(user)), user), Desk(user))


def head(chosen: Filter, numbers: dict[str, int], desk: object) -> str:
    """The same, of numbers that are known; ``desk`` has the queues of the rail, each with its number."""
    return render_to_string("reviews/inbox/_counts.html", _summary(chosen, numbers) | {"oob": True, "desk": desk})


def summary(user: User, chosen: Filter) -> dict[str, Any]:
    """What the head of the list says."""
    return _summary(chosen, tally(chosen.narrowed(waiting(user)), user))


def _summary(chosen: Filter, numbers: dict[str, int]) -> dict[str, Any]:
    shown = [tab for tab in filters.TABS if tab not in filters.QUIET or numbers[tab] or chosen.tab == tab]
    return {
        "tabs": [(tab, filters.TABS[tab], numbers[tab], chosen.link(tab=tab)) for tab in shown],
        "chosen": chosen,
        "numbers": numbers,
    }


def rest(user: User, chosen: Filter) -> str:
    """Return what follows the rows: the counts, and the bell of what was told to them."""
    return counts(user, chosen) + bell.fragment(user)


def deed(event: Event) -> str | None:
    """What somebody did to a question, as a notice says it; None for what is nobody else's business."""
    return PAST.get(_did(event))


def _did(event: Event) -> str:
    return event.kind.removeprefix("intervention.")


def called(actors: Iterable[str]) -> dict[str, str]:
    """What the desk calls each of these actors, people or not."""
    known = set(actors)
    return {name: NOBODY.get(name, name) for name in known} | (names_of(known) if known else {})


def notices(events: Iterable[Event], names: Mapping[str, str]) -> str:
    """Word for whoever has one of the questions open that a colleague, of the name given, has touched it.

    A vote names nobody: the next one is to be cast without knowing that.
    """
    said = [
        {
            "event": event,
            "did": deed(event),
            "who": A_COLLEAGUE if _did(event) == VOTED else names.get(event.actor, event.actor),
            "reopens": _did(event) in REOPENS,
        }
        for event in events
    ]
    return render_to_string("reviews/inbox/_notices.html", {"notices": said}) if said else ""


def removal(pk: UUID) -> str:
    """Return the order to take a row out of the list."""
    return f'<li id="row-{UUID(str(pk))}" hx-swap-oob="delete"></li>'


@lru_cache(maxsize=512)
def row(row: Row, now_at: int) -> str:
    """The row, rendered once per process for all who see it alike; ``now_at`` keeps its clock fresh."""
    return render_to_string("reviews/inbox/_row.html", {"row": row, "oob": True})


def mark(seq: int, *, is_live: bool = True, is_owed: bool = False) -> str:
    """Return the fragment that tells the page how far it has come; sent often, it also says that the line is alive.

    While the numbers that belong to the rows are ``owed``, the page asks for them should it have to connect again.
    """
    bells = "" if is_live else ' data-bells="off"'
    owed = ' data-owed="counts"' if is_owed else ""
    return f'<data id="live-seq" value="{seq:d}"{bells}{owed} hx-swap-oob="true"></data>'
