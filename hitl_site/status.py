"""The status page, for admins: every part of the desk, who works, what waits, and what the watchdog found.

It stands in the roof because the probes do: nothing below may know the queue, or which process does what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from hitl_site import health
from reviews import access, pulse
from reviews.actions import assertions, figures, fleet
from reviews.actions.figures import Waiting
from reviews.models import Finding
from reviews.models.finding import Alarm
from reviews.states import RUN_OPEN, RunStatus
from reviews.web.http import ReviewRequest, show, signed_in

PAST = 10
"""Findings that are over, of which the page still tells."""
MOST = 50
"""Workers, or queues, that the page lists; of the others it gives the number."""
NAMES = {
    "database": "Database",
    "migrations": "Migrations",
    "broker": "Task queue",
    "channel_layer": "Live updates",
    "clock": "Clock",
}


@dataclass(frozen=True)
class Inbox:
    """What waits in one queue, whatever its risk."""

    name: str
    slug: str
    number: int
    overdue: int
    oldest: datetime


def for_admins(view: Callable[[ReviewRequest], HttpResponseBase]) -> Callable[[ReviewRequest], HttpResponseBase]:
    """Let signed-in admins in; for everybody else there is no such page."""

    @wraps(view)
    def guarded(request: ReviewRequest) -> HttpResponseBase:
        if not access.sees_status(request.user):
            raise Http404
        return view(request)

    return signed_in(guarded)


@never_cache
@for_admins
@require_safe
def status(request: ReviewRequest) -> HttpResponse:
    """How the desk stands now; htmx asks for it again and again."""
    return show(request, "status/status.html", "status/_standing.html", standing())


def standing() -> dict[str, Any]:
    """What the page shows. It costs the same number of statements whatever there is to show."""
    now = timezone.now()
    parts = [(NAMES[part.name], part) for part in health.look(health.CHECKS)]
    findings = list(Finding.objects.open().order_by("-first_seen", "-id"))
    inboxes, crew = _inboxes(figures.questions(now)), figures.crew(now)
    return {
        "section": "status",
        "now": now,
        "parts": parts,
        "is_well": all(part.is_up for _, part in parts) and not findings,
        "last_sweep": pulse.last_sweep(),
        "last_round": pulse.last_round(),
        "round_every": timedelta(seconds=settings.FOUREYES_WATCHDOG_SECONDS),
        "findings": findings,
        "full_kinds": _full_kinds(findings),
        "past": Finding.objects.filter(cleared_at__isnull=False).order_by("-first_seen", "-id")[:PAST],
        "crew": crew[:MOST],
        "crew_up": sum(not member.is_stale for member in crew),
        "crew_more": len(crew[MOST:]),
        "places": sum(member.worker.places for member in crew if not member.is_stale),
        "carried": sum(member.carried for member in crew if not member.is_stale),
        "inboxes": inboxes[:MOST],
        "inboxes_more": len(inboxes[MOST:]),
        **_runs(now),
    }


def _inboxes(waiting: Iterable[Waiting]) -> list[Inbox]:
    """By queue: most overdue first."""
    queues: dict[str, Inbox] = {}
    for part in waiting:
        before = queues.get(part.slug) or Inbox(part.queue, part.slug, 0, 0, part.oldest)
        number, overdue = before.number + part.number, before.overdue + part.overdue
        queues[part.slug] = Inbox(part.queue, part.slug, number, overdue, min(before.oldest, part.oldest))
    return sorted(queues.values(), key=lambda inbox: (-inbox.overdue, -inbox.number, inbox.name))


def _runs(now: datetime) -> dict[str, Any]:
    open_now, newest, oldest = figures.open_runs(), figures.newest_runs(), figures.oldest_queued()
    return {
        "open_runs": [(state, open_now[state]) for state in RunStatus.values if state in RUN_OPEN],
        "ended_runs": [(state, newest[state]) for state in RunStatus.values if state not in RUN_OPEN],
        "newest": sum(newest.values()),
        "oldest": oldest,
        "oldest_waits": now - oldest.queued_at if oldest else None,
        "oldest_for": fleet.waits_for(oldest) if oldest else "",
    }


def _full_kinds(findings: Iterable[Finding]) -> list[str]:
    """The kinds of which there may be more than are listed."""
    kinds = [finding.kind for finding in findings]
    return [str(Alarm(kind).label) for kind in sorted(set(kinds)) if kinds.count(kind) >= assertions.LIMIT]
