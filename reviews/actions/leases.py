"""Which worker owns a run: a fresh token per lease fences off every earlier owner."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from reviews import audit, events
from reviews.actions import fleet, rounds, runs
from reviews.actions.errors import LeaseLost
from reviews.actions.fleet import UNANNOUNCED_AFTER, Abilities
from reviews.actions.text import storable
from reviews.actors import CLOCK, WORKER
from reviews.audit import Act
from reviews.models import Change, Run
from reviews.models.run import RunQuerySet
from reviews.states import RunStatus, ToolCallStatus

MAX_LOSSES = 5
"""Workers that may die on one run between two gates before the run is failed instead of tried again."""
SWEEP_LIMIT = 200


def take(run_id: UUID, *, worker: str, able: Abilities | None = None) -> Run | None:
    """Make this worker the owner of a queued run; None when another has it or it needs no work.

    None as well for a run that is beyond what the worker is ``able`` to run, which stays queued for one that is.
    """
    now = timezone.now()
    queued = Run.objects.filter(pk=run_id, status=RunStatus.QUEUED)
    taken = Change(
        queued if able is None else fleet.suited(queued, able),
        {
            "status": RunStatus.RUNNING,
            "lease": uuid.uuid4(),
            "lease_expires_at": now + _span(),
            "worker": worker[:200],
            "started_at": Coalesce("started_at", now),
        },
        case=Q(started_at=now),
    )
    run, data = Run(pk=run_id), {"worker": worker}
    told = {
        True: [Act("run.started", WORKER, run, data=data)],
        False: [Act("run.resumed", WORKER, run, data=data)],
    }
    mine = audit.record_change(taken, told, soon=True)
    if mine is not None:
        mine.begins = mine.started_at == now
    return mine


def renew(*held: Run) -> set[UUID]:
    """Extend the leases; returns those that are still this worker's."""
    _theirs(held).update(lease_expires_at=timezone.now() + _span())
    return kept(*held)


def kept(*held: Run) -> set[UUID]:
    """Which of these leases are still this worker's."""
    return {lease for lease in _theirs(held).values_list("lease", flat=True) if lease}


@transaction.atomic
def hand_back(run: Run) -> None:
    """Give the run to whoever takes it next, where it stands. Raises LeaseLost."""
    run = owned(run)
    audit.record(*handed_back(run))


@transaction.atomic
def give_back(run: Run, why: str) -> bool:
    """Queue a run whose gate could not be stored for another try; False where it has been tried often enough.

    It counts like a worker that died, and begins afresh at the next gate. Raises LeaseLost.
    """
    run = owned(run)
    if run.losses + 1 >= MAX_LOSSES:
        return False
    run.losses += 1
    run.save(update_fields=["losses"])
    data = {"worker": run.worker, "why": storable(why)[:500], "losses": run.losses}
    audit.record(*runs.queue(run), Act("run.handed_back", WORKER, run, data=data))
    return True


def handed_back(run: Run) -> list[Act]:
    """Queue a locked run whose worker stops. Returns the acts to record last."""
    return [*runs.queue(run), Act("run.handed_back", WORKER, run, data={"worker": run.worker})]


def pass_on(run_id: UUID) -> None:
    """Announce a run again that this worker does not take."""
    Run.objects.filter(pk=run_id, status=RunStatus.QUEUED).update(announced_at=timezone.now())
    events.publish(events.RunQueued(run_id))


def owned(run: Run) -> Run:
    """The run, locked and still this worker's. Raises LeaseLost."""
    locked = Run.objects.locked(run.pk)
    _require_same(locked, run)
    return locked


def require_owned(run: Run) -> None:
    """Raises LeaseLost where another worker, or nobody, owns the run by now."""
    _require_same(Run.objects.only("status", "lease").get(pk=run.pk), run)


def _require_same(found: Run, run: Run) -> None:
    if found.lease is None or found.lease != run.lease:
        raise LeaseLost(f"Run {run.pk} is {found.status} and no longer belongs to this worker.")


def reclaim_lost() -> int:
    """Take back the runs whose worker fell silent; returns how many."""
    return rounds.each(Run.objects.lost(timezone.now()), _reclaim)


def announce_waiting() -> int:
    """Announce again the queued runs that no worker has taken for a while; returns how many."""
    now = timezone.now()
    stale = Run.objects.unannounced(now - UNANNOUNCED_AFTER).order_by("announced_at")
    with transaction.atomic():
        # a row that somebody holds is in good hands; waiting for it while holding others could dead-lock two clocks
        free = stale.select_for_update(skip_locked=True, no_key=True)
        waiting = list(free.values_list("pk", flat=True)[:SWEEP_LIMIT])
        Run.objects.filter(pk__in=waiting).update(announced_at=now)
        for run_id in waiting:
            events.publish(events.RunQueued(run_id))
    return len(waiting)


@transaction.atomic
def _reclaim(run_id: UUID) -> bool:
    run = Run.objects.locked_if_free(run_id)
    if run is None:  # somebody is at it; the next round looks again
        return False
    if run.status != RunStatus.RUNNING or run.lease_expires_at is None or run.lease_expires_at >= timezone.now():
        return False  # it was renewed, or it ended, since the list was made
    run.losses += 1
    run.save(update_fields=["losses"])
    lost = Act("run.worker_lost", CLOCK, run, data={"worker": run.worker, "losses": run.losses})
    if run.losses >= MAX_LOSSES and not _is_still_to_be_asked(run):
        why = f"{run.losses} workers in a row died on this run between two gates. The last was {run.worker}."
        acts = runs.end(run, RunStatus.FAILED, error_code="workers_lost", error=why)
        audit.record(lost, *acts, Act("run.failed", CLOCK, run, data={"code": "workers_lost", "error": why}))
        return True
    audit.record(lost, *runs.queue(run))
    return True


def _is_still_to_be_asked(run: Run) -> bool:
    """Whether a call is in doubt, which the next worker asks a person about before it does anything else.

    Ending the run would leave nobody to ask. Workers that die even of that are not sent for ever.
    """
    in_doubt = run.tool_calls.filter(status=ToolCallStatus.STARTED, is_agent=False, idempotent=False)
    return run.losses < 2 * MAX_LOSSES and in_doubt.exists()


def _theirs(held: Sequence[Run]) -> RunQuerySet:
    # a run without a lease has ended meanwhile: it would match every run that nobody works on
    owners = [run for run in held if run.lease is not None]
    return Run.objects.filter(pk__in=[run.pk for run in owners], lease__in=[run.lease for run in owners])


def _span() -> timedelta:
    return timedelta(seconds=getattr(settings, "FOUREYES_LEASE_SECONDS", 60))
