"""What people do to runs: submit, stop, pause, resume, retry."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from reviews import access, audit, catalog, events
from reviews.actions import notices, timers
from reviews.actions.errors import Conflict, Invalid
from reviews.actions.text import storable
from reviews.actors import SYSTEM, Actor
from reviews.audit import Act
from reviews.models import Found, New, Queue, Run, Saved, ToolCall
from reviews.states import OPEN, UNFINISHED, InterventionStatus, RunStatus, ToolCallStatus

MAX_INPUT = 100_000
"""Characters a run may be started with; the model's own limit is usually lower."""
_queues: dict[str, int] = {}
"""What this process knows of the queues that its agents name, by their short names, which they keep."""


@transaction.atomic
def submit(agent: str, input: str, *, by: User | None, retry_of: Run | None = None) -> Run:
    """Queue a new run of a registered agent; ``by=None`` is the system itself.

    Raises UnknownAgent, Invalid (empty or too long input), PermissionDenied (no seat in the agent's queue).
    """
    # In a transaction, although it writes once: a server that did not answer in time must not store the run later, when
    # the person has been told that nothing was saved.
    card, input = catalog.get(agent), storable(input)
    if not input.strip():
        raise Invalid(input="Say what the agent should do: the input is empty.")
    if len(input) > MAX_INPUT:
        raise Invalid(input=f"The input has {len(input):,} characters; at most {MAX_INPUT:,} are allowed.")
    now = timezone.now()
    run = Run(
        agent=card.slug,
        agent_version=card.version,
        input=input,
        scripted=card.scripted,
        started_by=by,
        retry_of=retry_of,
        trace_id=f"trace_{secrets.token_hex(16)}",
        created_at=now,
        queued_at=now,
        announced_at=now,
    )
    data = {"agent": run.agent, "version": run.agent_version, "input": input}
    act = Act("run.submitted", _actor(by), run, data=data | ({"retry_of": str(retry_of.pk)} if retry_of else {}))
    if not _stored_where_known(run, card.queue, by, act):
        run.queue = _queue(card.queue, run, by)
        audit.record(act, writes=[New(run)])
    events.publish(events.RunQueued(run.pk))
    return run


@transaction.atomic
def stop(run_id: UUID, *, by: User, reason: str = "") -> Run:
    """End a run where it stands; its open questions are withdrawn. Raises Conflict if it has already ended."""
    run = _operated(run_id, by)
    acts = end(run, RunStatus.CANCELLED)
    audit.record(*acts, Act("run.stopped", _actor(by), run, data={"reason": storable(reason)}))
    return run


@transaction.atomic
def pause(run_id: UUID, *, by: User) -> Run:
    """Hold a run: at once where it is queued, else at its next gate. Raises Conflict if it has ended or is held."""
    run = _operated(run_id, by)
    if run.hold:
        raise Conflict("This run is already paused or about to pause.")
    run.hold = True
    if run.status == RunStatus.QUEUED:
        run.move_to(RunStatus.PAUSED, hold=True)
    else:
        run.save(update_fields=["hold"])
    audit.record(Act("run.paused" if run.status == RunStatus.PAUSED else "run.pause_requested", _actor(by), run))
    return run


@transaction.atomic
def resume(run_id: UUID, *, by: User) -> Run:
    """Let a held run go on. Raises Conflict if it is not held."""
    run = _operated(run_id, by)
    if not run.hold:
        raise Conflict(f"This run is not paused: it is {run.get_status_display().lower()}.")
    run.hold = False
    run.save(update_fields=["hold"])
    if run.status == RunStatus.PAUSED:
        queue(run)
    audit.record(Act("run.continued", _actor(by), run))
    return run


def retry(run_id: UUID, *, by: User) -> Run:
    """Queue a new run with the input of one that failed or was stopped. Raises Conflict for any other."""
    with transaction.atomic():
        old = _locked(run_id)
        access.require_operator(by, old)
        if old.dry_run:
            raise Conflict("A dry run is not retried: try the verdict again on its question.")
        if old.status not in (RunStatus.FAILED, RunStatus.CANCELLED):
            raise Conflict(
                f"Only a failed or stopped run can be retried; this one is {old.get_status_display().lower()}."
            )
        return submit(old.agent, old.input, by=by, retry_of=old)


def queue(run: Run) -> list[Act]:
    """Hand a locked run back to the workers, or hold it where a person paused it. Returns the acts to record last."""
    saved, acts = queued(run)
    saved.make()
    return acts


def queued(run: Run) -> tuple[Saved, list[Act]]:
    """As `queue`; what is to be saved is left to the caller."""
    now = timezone.now()
    held = {"lease": None, "lease_expires_at": None}
    if run.hold:
        return run.moved_to(RunStatus.PAUSED, **held), [Act("run.paused", SYSTEM, run)]
    events.publish(events.RunQueued(run.pk))
    return run.moved_to(RunStatus.QUEUED, queued_at=now, announced_at=now, **held), []


def end(run: Run, status: RunStatus, **changes: object) -> list[Act]:
    """Bring a locked run to an end: withdraw its questions, close its ledger. Returns the acts to record first."""
    now = timezone.now()
    acts, withdrawn = [], list(run.interventions.filter(status__in=OPEN).order_by("id"))
    for intervention in withdrawn:
        intervention.move_to(InterventionStatus.CANCELLED, version=intervention.version + 1)
        notices.cancel(intervention)
        acts.append(Act("intervention.cancelled", SYSTEM, run, intervention, {"run_status": status}))
    if withdrawn:
        timers.cancel(*withdrawn)
    acts += _close_ledger(run, now)
    run.move_to(status, **ended(now, changes))
    return acts


def ended(now: datetime, changes: Mapping[str, object]) -> dict[str, object]:
    """What stands in the row of a run that has ended."""
    return {"finished_at": now, "lease": None, "lease_expires_at": None, "hold": False, **changes}


def _close_ledger(run: Run, now: datetime) -> list[Act]:
    """Cancel what has not begun; of the calls in flight, whose effect nobody knows, the book keeps the arguments."""
    acts, waiting, in_flight = [], [], []
    for call in run.tool_calls.filter(status__in=UNFINISHED).defer("schema", "output"):
        if call.status != ToolCallStatus.STARTED or call.is_agent:  # an agent has no effect of its own: its tools have
            waiting.append(call.pk)
            continue
        in_flight.append(call.pk)
        data = {"call_id": call.call_id, "tool": call.tool, "executed": call.executed, "started_at": call.started_at}
        acts.append(Act("tool_call.unknown", SYSTEM, run, data=data))
    if waiting:
        ToolCall.objects.filter(pk__in=waiting).update(status=ToolCallStatus.CANCELLED, finished_at=now)
    if in_flight:
        ToolCall.objects.filter(pk__in=in_flight).update(status=ToolCallStatus.UNKNOWN)
    return acts


def _stored_where_known(run: Run, slug: str, by: User | None, act: Act) -> bool:
    """Store it in one statement, which makes sure of the queue that this process knows and of that person's seat."""
    if slug not in _queues:
        return False
    there = Queue.objects.filter(pk=_queues[slug], slug=slug)
    seated = there if by is None else there.filter(access.has_seat(by, "pk"))
    run.queue_id = _queues[slug]
    found = audit.record_change(Found(seated), [act], [New(run)])
    if found is not None:
        run.queue = found
    return found is not None


def _queue(slug: str, run: Run, by: User | None) -> Queue:
    """The queue, made where there is none. Raises PermissionDenied where that person may not start a run in it."""
    known = Queue.objects.filter(slug=slug).annotate(seated=access.has_seat(by, "pk")).first()
    run.queue = known or Queue(slug=slug, name=slug.capitalize())
    if by is not None:
        access.require_operator(by, run, seated=bool(known and known.seated))
    queue = known or Queue.objects.get_or_create(slug=slug, defaults={"name": run.queue.name})[0]
    _queues[slug] = queue.pk
    return queue


def _operated(run_id: UUID, by: User) -> Run:
    run = _locked(run_id)
    access.require_operator(by, run)
    if run.ended:
        raise Conflict(f"This run has already ended: it is {run.get_status_display().lower()}.")
    return run


def _locked(run_id: UUID) -> Run:
    try:
        return Run.objects.locked(run_id)
    except Run.DoesNotExist:
        raise PermissionDenied(f"There is no run {run_id} that you may operate.") from None


def _actor(by: User | None) -> Actor:
    return Actor.of(by) if by is not None else SYSTEM
