"""How the desk stands, in numbers: for the status page and for machines that measure. Each is one bounded statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Min, Q

from reviews.actions import fleet
from reviews.actions.assertions.fault import LATE
from reviews.models import Finding, Intervention, Notice, Run, Timer, Worker
from reviews.states import NOTICE_DUE, RUN_OPEN, NoticeStatus, RunStatus

LATELY = 1000
"""The newest runs, of which it is counted how they ended: a count of all would grow with the house."""
MOST = 10_000
"""Up to where rows are counted that should be few."""


@dataclass(frozen=True)
class Waiting:
    """The open questions of one queue with one risk."""

    queue: str
    slug: str
    risk: int
    number: int
    overdue: int
    oldest: datetime


@dataclass(frozen=True)
class Member:
    """A worker, and how many runs it carries; a stale one has given no sign of life for a lease's time."""

    worker: Worker
    carried: int
    is_stale: bool


def questions(now: datetime) -> list[Waiting]:
    """What waits for humans, by queue and risk."""
    grouped = Intervention.objects.open().order_by().values_list("queue__name", "queue__slug", "risk")
    overdue = Count("pk", filter=Q(due_at__lt=now))
    counted = grouped.annotate(number=Count("pk"), overdue=overdue, oldest=Min("created_at"))
    return [Waiting(*row) for row in counted.order_by("queue__name", "-risk")]


def open_runs() -> dict[str, int]:
    """How many runs are in each status that is no end."""
    counted = Run.objects.open().order_by().values_list("status").annotate(number=Count("pk"))
    return dict.fromkeys((status for status in RunStatus.values if status in RUN_OPEN), 0) | dict(counted)


def newest_runs() -> dict[str, int]:
    """How the newest runs stand, by status."""
    newest = Run.objects.order_by("-created_at", "-id").values("pk")[:LATELY]
    counted = Run.objects.filter(pk__in=newest).order_by().values_list("status").annotate(number=Count("pk"))
    return dict.fromkeys(RunStatus.values, 0) | dict(counted)


def oldest_queued() -> Run | None:
    """The run that has waited longest for a worker."""
    return Run.objects.filter(status=RunStatus.QUEUED).order_by("queued_at", "id").first()


def crew(now: datetime) -> list[Member]:
    """The workers, those that were seen last first."""
    workers = list(Worker.objects.order_by("-seen_at", "name")[: fleet.MANY])
    carried, fresh = fleet.carried_by(workers), now - timedelta(seconds=settings.FOUREYES_LEASE_SECONDS)
    return [Member(worker, carried.get(worker.name, 0), worker.seen_at < fresh) for worker in workers]


def late_timers(now: datetime) -> int:
    """How many timers should have fired and did not."""
    return Timer.objects.due(now - LATE).order_by()[:MOST].count()


def unsent_notices() -> dict[str, int]:
    """How many messages are owed to the outside, and how many were given up."""
    owed = Notice.objects.filter(status__in=NOTICE_DUE)[:MOST].count()
    return {"owed": owed, "dead": Notice.objects.filter(status=NoticeStatus.DEAD)[:MOST].count()}


def open_findings() -> dict[str, int]:
    """How many findings of the watchdog are open, by kind; of a kind that has any."""
    return dict(Finding.objects.open().order_by().values_list("kind").annotate(number=Count("pk")))
