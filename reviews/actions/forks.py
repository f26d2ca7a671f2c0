"""Running again from a checkpoint: a new run that begins where another one stood."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from reviews import access, audit, catalog, events
from reviews.actions import checkpoints
from reviews.actions.errors import Conflict
from reviews.actors import Actor
from reviews.audit import Act
from reviews.models import Checkpoint, Intervention, Run, ToolCall
from reviews.models.checkpoint import CorruptCheckpoint
from reviews.states import SETTLED_CALLS, Kind, ToolCallStatus

FIRST = 1
"""The number of a fork's own copy of the checkpoint; its gate has not been passed in this run yet."""


@transaction.atomic
def fork(checkpoint_id: int, *, by: User) -> Run:
    """Queue a new run that goes on from that checkpoint; the calls that stood at its gate are judged anew.

    What they do is a new effect: the idempotency key starts with the id of the new run.
    Raises Conflict (another version of the agent, a state that cannot be read), UnknownAgent, PermissionDenied.
    """
    old, checkpoint = _locked(checkpoint_id)
    access.require_operator(by, old)
    if old.dry_run:
        raise Conflict("Nothing has happened in a dry run that could go on; run again from the run it was tried on.")
    run = branch(old, checkpoint, by=by)
    data = {"agent": run.agent, "version": run.agent_version, "input": run.input, **_origin(checkpoint)}
    audit.record(Act("run.forked", Actor.of(by), run, data=data))
    return run


def branch(old: Run, checkpoint: Checkpoint, *, by: User, **more: Any) -> Run:
    """A new run with its own copy of the checkpoint and of the ledger up to it; announced, not yet in the book."""
    card = _require_same_agent(checkpoint, old)
    now = timezone.now()
    run = Run.objects.create(
        agent=card.slug,
        agent_version=card.version,
        queue=old.queue,
        input=old.input,
        scripted=card.scripted,
        started_by=by,
        fork_of=old,
        forked_at=checkpoint.number,
        trace_id=f"trace_{secrets.token_hex(16)}",
        created_at=now,
        queued_at=now,
        announced_at=now,
        **more,
    )
    _copy_state(checkpoint, run)
    ToolCall.objects.bulk_create(_as_it_was(call, checkpoint, run) for call in past(checkpoint))
    events.publish(events.RunQueued(run.pk))
    return run


def past(checkpoint: Checkpoint) -> list[ToolCall]:
    """The calls that the state behind a checkpoint relies on: settled by then, or agents that had been entered."""
    before = ToolCall.objects.filter(run=checkpoint.run, created_at__lt=checkpoint.created_at)
    earlier = before.exclude(checkpoint=checkpoint).order_by("id")
    return [call for call in earlier if call.is_agent or _was_settled(call, checkpoint)]


def stands_at_its_start(run: Run, checkpoint: Checkpoint | None) -> bool:
    """Whether a run is a fork whose first gate it has not passed yet."""
    return bool(run.fork_of_id and checkpoint and checkpoint.number == FIRST)


def output_at_its_start(run: Run) -> Intervention | None:
    """The question about a final output from which the run was forked, if it was that."""
    if run.fork_of_id is None or run.forked_at is None:
        return None
    asked = Intervention.objects.filter(checkpoint__run_id=run.fork_of_id, checkpoint__number=run.forked_at)
    return asked.filter(kind=Kind.FINAL_OUTPUT).first()


def _locked(checkpoint_id: int) -> tuple[Run, Checkpoint]:
    run_id = Checkpoint.objects.filter(pk=checkpoint_id).values_list("run_id", flat=True).first()
    if run_id is None:
        raise PermissionDenied("There is no such checkpoint from which you may run again.")
    run = Run.objects.locked(run_id)
    checkpoint = Checkpoint.objects.filter(pk=checkpoint_id).first()
    if checkpoint is None:
        raise Conflict("The run has moved on, and this checkpoint was replaced by a newer one.")
    return run, checkpoint


def _require_same_agent(checkpoint: Checkpoint, run: Run) -> catalog.AgentCard:
    card = catalog.get(run.agent)
    if card.version != checkpoint.agent_version:
        raise Conflict(
            f"Checkpoint {checkpoint.number} was written by version {checkpoint.agent_version} of {card.title}; today "
            f"that agent is version {card.version}, which may not read it. Start a new run instead."
        )
    return card


def _copy_state(checkpoint: Checkpoint, run: Run) -> Checkpoint:
    try:
        packed, digest = Checkpoint.pack(checkpoints.state_of(checkpoint))
    except CorruptCheckpoint as error:
        raise Conflict(f"{error} Nothing can go on from it.") from error
    return Checkpoint.objects.create(
        run=run,
        number=FIRST,
        state=packed,
        digest=digest,
        sdk_version=checkpoint.sdk_version,
        schema_version=checkpoint.schema_version,
        agent_version=checkpoint.agent_version,
        created_at=timezone.now(),
    )


def _was_settled(call: ToolCall, checkpoint: Checkpoint) -> bool:
    if call.status == ToolCallStatus.REFUSED and call.finished_at is None:
        return True  # by a rule, at once
    done = call.status in SETTLED_CALLS and call.finished_at is not None
    return done and call.finished_at is not None and call.finished_at <= checkpoint.created_at


def _as_it_was(call: ToolCall, checkpoint: Checkpoint, run: Run) -> ToolCall:
    """The line of the ledger as it stood at the checkpoint."""
    open_then = not _was_settled(call, checkpoint)
    call.pk, call.run, call.checkpoint, call.lease = None, run, None, None
    if open_then:
        call.status, call.output, call.error = ToolCallStatus.APPROVED, None, ""
        call.started_at = call.finished_at = None
    return call


def _origin(checkpoint: Checkpoint) -> dict[str, Any]:
    return {"fork_of": str(checkpoint.run_id), "checkpoint": checkpoint.number, "digest": checkpoint.digest}
