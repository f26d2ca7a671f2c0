"""The Celery tasks: each names a piece of work and may be delivered twice."""

from contextlib import ExitStack
from functools import partial
from typing import Any
from uuid import UUID

from celery import shared_task
from celery.signals import worker_init, worker_process_init, worker_ready, worker_shutting_down
from django.conf import settings
from django.utils import timezone

from agents_runtime import fleet, leaving, mailroom, worker
from reviews.actions import absences, adopting, asking_back, checkpoints, firing, holding, leases, shadows, watchdog
from reviews.actions.fleet import TooOld


@shared_task(acks_late=True, reject_on_worker_lost=True, ignore_result=True)
def advance_run(run_id: str) -> None:
    """Take a queued run up to its next question or its end."""
    worker.advance(UUID(run_id))


@shared_task(ignore_result=True, expires=30)
def sweep() -> None:
    """The clock's round: fire what is due, take back lost runs, announce again the queued ones that nobody took.

    What one part raises keeps none of the others from its turn.
    """
    now = timezone.now()
    parts = (
        partial(firing.fire_due, now),
        leases.reclaim_lost,
        leases.announce_waiting,
        holding.expire_claims,
        holding.wake,
        asking_back.lapse,
        absences.cover,
        adopting.adopt,
    )
    with ExitStack() as turns:
        for part in reversed(parts):
            turns.callback(part)


@shared_task(ignore_result=True)
def watch() -> int:
    """The watchdog's round: assert what must be true; returns how many severe findings are open."""
    return watchdog.go_round()


@shared_task(ignore_result=True, expires=30)
def send_notices() -> None:
    """The clock's post: begin a round of sending what is owed, without waiting for it."""
    mailroom.send()


@shared_task(ignore_result=True, expires=300)
def prune() -> None:
    """The clock's other round: remove what FOUREYES_CHECKPOINT_DAYS and FOUREYES_SHADOW_DAYS no longer keep."""
    shadows.prune(days=settings.FOUREYES_SHADOW_DAYS)
    if days := getattr(settings, "FOUREYES_CHECKPOINT_DAYS", None):
        checkpoints.prune(days=days)


@worker_shutting_down.connect
def leave(**_: Any) -> None:
    """The worker was told to stop: each of its runs ends at its next gate, and another worker goes on with it."""
    leaving.notice.give()


@worker_init.connect
def come_up(sender: Any = None, **_: Any) -> None:
    """Refuse to start where this worker could not read what others have written; make the first policies.

    It announces the processes that it forks, each by itself.
    """
    if not _runs_agents(sender):
        return
    worker_process_init.connect(join_from_a_pool, weak=False)  # the clock's own process would say so of itself, too
    try:
        fleet.require_not_older()
    except TooOld as error:
        raise SystemExit(str(error)) from None
    fleet.make_first_policies()


def join_from_a_pool(**_: Any) -> None:
    """Each process of a pool carries one run."""
    fleet.join(1)


@worker_ready.connect
def join(sender: Any = None, **_: Any) -> None:
    """Where the worker's threads carry the runs, it is itself the process to announce."""
    controller = sender.controller
    if _runs_agents(controller) and not controller.pool.uses_semaphore:  # a pool of processes has one
        fleet.join(controller.concurrency)


def _runs_agents(controller: Any) -> bool:
    """Whether the worker takes runs: the clock does not."""
    return controller.app.conf.task_default_queue in controller.app.amqp.queues.consume_from
