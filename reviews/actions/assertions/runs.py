"""Runs are taken, and taken back."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from reviews.actions import fleet
from reviews.actions.assertions.fault import LATE, Fault, some
from reviews.models import Run
from reviews.models.finding import Alarm
from reviews.states import RunStatus

TAKEN_WITHIN = timedelta(minutes=5)
"""How long a run may be queued while a worker has a place for it."""


def stuck(now: datetime, known: Collection[str]) -> list[Fault]:
    """No run is queued for long while a worker could take it."""
    workers = fleet.with_room()
    queued = Run.objects.filter(status=RunStatus.QUEUED, queued_at__lt=now - TAKEN_WITHIN)
    waiting = fleet.suited(queued, *workers).order_by("queued_at", "id")
    return [
        Fault(Alarm.STUCK_RUN, f"run:{run.pk}", f"Queued since {run.queued_at:%Y-%m-%d %H:%M} UTC; a worker has room")
        for run in some(waiting, known)
    ]


def lost(now: datetime, known: Collection[str]) -> list[Fault]:
    """No lease has ended longer ago than a sweep takes to notice."""
    late = Run.objects.lost(now - LATE).order_by("lease_expires_at", "id")
    return [
        Fault(
            Alarm.LOST_LEASE,
            f"run:{run.pk}",
            f"{run.worker} fell silent; its lease ended {run.lease_expires_at:%Y-%m-%d %H:%M} UTC",
        )
        for run in some(late, known)
    ]
