"""The Celery tasks: each names a piece of work and may be delivered twice."""

from typing import Any
from uuid import UUID

from celery import shared_task
from celery.signals import worker_shutting_down

from agents_runtime import leaving, worker
from reviews.actions import leases


@shared_task(acks_late=True, reject_on_worker_lost=True, ignore_result=True)
def advance_run(run_id: str) -> None:
    """Take a queued run up to its next question or its end."""
    worker.advance(UUID(run_id))


@shared_task(ignore_result=True, expires=30)
def sweep() -> None:
    """The clock's round: take back lost runs, announce again the queued ones that nobody took."""
    leases.reclaim_lost()
    leases.announce_waiting()


@worker_shutting_down.connect
def leave(**_: Any) -> None:
    """The worker was told to stop: each of its runs ends at its next gate, and another worker goes on with it."""
    leaving.notice.give()
