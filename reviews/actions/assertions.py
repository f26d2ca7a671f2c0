"""What must be true of the desk at any moment; each assertion is a bounded question with the few worst answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from django.db.models import Model, QuerySet

from reviews import audit
from reviews.actions import fleet
from reviews.models import Notice, Run
from reviews.models.finding import Alarm
from reviews.states import NoticeStatus, RunStatus

LIMIT = 20
"""Findings of one kind that may be open at once: who has these to look at needs no more."""
LATE = timedelta(minutes=2)
"""How far behind the clock may be with one timer or one lease."""
TAKEN_WITHIN = timedelta(minutes=5)
"""How long a run may be queued while a worker has a place for it."""
NEWEST = 1000
"""Entries of the audit log that each round reads again."""
REMEMBERED = timedelta(hours=24)
"""How long a message that was given up is held against the desk: by then somebody has seen it, or it is too late."""

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, order=True)
class Fault:
    """One assertion that does not hold for one subject, and a sentence that says so."""

    kind: str
    subject: str
    said: str


def faults(now: datetime, known: Collection[tuple[str, str]]) -> list[Fault]:
    """What does not hold: of what is ``known`` already all that still does not, and what is new up to the limit."""
    found: list[Fault] = []
    for alarm, check in CHECKS.items():
        found += check(now, {subject.partition(":")[2] for kind, subject in known if kind == alarm})
    return sorted(found)


def _stuck_runs(now: datetime, known: Collection[str]) -> list[Fault]:
    workers = fleet.with_room()
    queued = Run.objects.filter(status=RunStatus.QUEUED, queued_at__lt=now - TAKEN_WITHIN)
    stuck = fleet.suited(queued, *workers).order_by("queued_at", "id") if workers else Run.objects.none()
    return [
        Fault(Alarm.STUCK_RUN, f"run:{run.pk}", f"Queued since {run.queued_at:%Y-%m-%d %H:%M} UTC; a worker has room")
        for run in _some(stuck, known)
    ]


def _lost_leases(now: datetime, known: Collection[str]) -> list[Fault]:
    lost = Run.objects.lost(now - LATE).order_by("lease_expires_at", "id")
    return [
        Fault(Alarm.LOST_LEASE, f"run:{run.pk}", f"{run.worker} fell silent; its lease ended {_utc(run)}")
        for run in _some(lost, known)
    ]


def _broken_book(now: datetime, known: Collection[str]) -> list[Fault]:
    """The newest entries, and those found broken before: they do not heal by growing old."""
    looked = [audit.verify_newest(NEWEST), *(audit.verify_entry(int(seq)) for seq in sorted(known))]
    broken = {found.seq: found.problem for found in looked if isinstance(found, audit.Broken)}
    return [
        Fault(Alarm.BROKEN_BOOK, f"entry:{seq}", f"{problem[:1].upper()}{problem[1:]}")
        for seq, problem in list(broken.items())[:LIMIT]
    ]


def _dead_notices(now: datetime, known: Collection[str]) -> list[Fault]:
    """One finding for all of them: their own page lists them."""
    given_up = Notice.objects.filter(status=NoticeStatus.DEAD, created_at__gt=now - REMEMBERED).order_by("-id")
    newest = given_up.only("kind", "channel").first()
    if newest is None:
        return []
    what = f"“{newest.get_kind_display()}” by {newest.get_channel_display().lower()}"
    return [Fault(Alarm.DEAD_NOTICE, "notices:dead", f"Messages were given up; the newest was {what}")]


def _utc(run: Run) -> str:
    return f"{run.lease_expires_at:%Y-%m-%d %H:%M} UTC"


def _some(wrong: QuerySet[M], known: Collection[str]) -> Iterable[M]:
    """Those of the known that are still wrong, then others in their order until the limit."""
    still = list(wrong.filter(pk__in=known)) if known else []
    return [*still, *wrong.exclude(pk__in=known)[: max(0, LIMIT - len(still))]]


CHECKS: dict[str, Callable[[datetime, Collection[str]], list[Fault]]] = {
    Alarm.STUCK_RUN: _stuck_runs,
    Alarm.LOST_LEASE: _lost_leases,
    Alarm.BROKEN_BOOK: _broken_book,
    Alarm.DEAD_NOTICE: _dead_notices,
}
