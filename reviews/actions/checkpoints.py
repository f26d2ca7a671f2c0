"""Checkpoints: saving one at a gate, loading one, and removing those that nobody needs any more."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from reviews import audit
from reviews.actors import CLOCK, Actor
from reviews.audit import Act
from reviews.models import Checkpoint, Run, ToolCall
from reviews.models.checkpoint import CheckpointQuerySet
from reviews.states import ToolCallStatus

LONGEST_CHAIN = 16
"""States that one load unpacks at most; then one is saved in full. Measured in ADR 10."""
ROUND = 500
"""Checkpoints that one round of pruning removes at most."""


@dataclass(frozen=True)
class Base:
    """A kept checkpoint that the next one may be a delta of; ``length`` counts what loading it unpacks."""

    pk: int
    state: str
    length: int


@dataclass
class Shelf:
    """What a worker has in memory of its run's checkpoints while it holds the lease, so that a gate reads none.

    An empty one costs a statement and a full state at the next gate, nothing else.
    """

    newest: Checkpoint | None = None
    base: Base | None = None
    is_filled: bool = False

    def clear(self) -> None:
        """Forget all: what was remembered may not have been committed."""
        self.newest, self.base, self.is_filled = None, None, False

    def forget(self, checkpoint: Checkpoint) -> None:
        """Build on it no more: it is gone."""
        if self.base is not None and self.base.pk == checkpoint.pk:
            self.base = None

    def put(self, checkpoint: Checkpoint, state: str, length: int) -> None:
        """Remember the newest one; what the next builds on must be one that stays."""
        self.newest, self.is_filled = checkpoint, True
        if _stays(checkpoint):
            self.base = Base(checkpoint.pk, state, length)


@dataclass(frozen=True)
class SavedState:
    """The SDK's state as text, opaque to us, with the versions it was written by.

    ``agent_version`` is that of the agent which ran: another than the run was submitted for, where web and worker are
    of different releases. Without it the run's own counts.
    """

    text: str
    sdk_version: str
    schema_version: str
    usage: dict[str, int] = field(default_factory=dict)
    model: str = ""
    agent_version: str = ""
    shelf: Shelf = field(default_factory=Shelf, compare=False)


def newest(run: Run) -> tuple[Checkpoint | None, bool]:
    """Where a run goes on from, and whether a call had begun there; nothing is read where no worker was before."""
    if run.begins and run.fork_of_id is None:
        return None, False
    begun = ToolCall.objects.filter(run=OuterRef("run"), status=ToolCallStatus.STARTED)
    found: Any = run.checkpoints.annotate(in_doubt=Exists(begun)).order_by("-number").first()
    return found, bool(found and found.in_doubt)


def load(checkpoint: Checkpoint | None) -> tuple[str | None, Shelf]:
    """The state of a run's newest checkpoint, and the shelf to go on with. Raises CorruptCheckpoint."""
    shelf, state = Shelf(is_filled=True), None
    if checkpoint is not None:
        chain = [*Checkpoint.objects.with_bases_of(checkpoint), checkpoint]
        for length, link in enumerate(chain, start=1):
            state = link.unpack(state)
            shelf.put(link, state, length)
    return state, shelf


def state_of(checkpoint: Checkpoint) -> str:
    """Its state, put together from those it builds on. Raises CorruptCheckpoint."""
    return load(checkpoint)[0] or ""


def save(run: Run, state: SavedState, *, asked: bool) -> Checkpoint:
    """Save the next checkpoint of a locked run; it replaces the last one where nobody was asked at that."""
    checkpoint = following(run, state, asked=asked)
    drop_replaced(state, by=checkpoint)
    checkpoint.save(force_insert=True)
    shelve(checkpoint, state)
    return checkpoint


def following(run: Run, state: SavedState, *, asked: bool) -> Checkpoint:
    """The next checkpoint of a run, for the caller to store and then to `shelve`."""
    shelf = state.shelf
    if not shelf.is_filled:
        shelf.newest, shelf.is_filled = run.checkpoints.defer("state").order_by("-number").first(), True
    base, packed, digest = _packed(state.text, shelf.base)
    return Checkpoint(
        run=run,
        number=shelf.newest.number + 1 if shelf.newest else 1,
        base_id=base.pk if base else None,
        state=packed,
        digest=digest,
        sdk_version=state.sdk_version,
        schema_version=state.schema_version,
        agent_version=state.agent_version or run.agent_version,
        asked=asked,
        created_at=timezone.now(),
    )


def replaces(state: SavedState) -> bool:
    """Whether the last checkpoint is to go once there is another."""
    return state.shelf.newest is not None and not _stays(state.shelf.newest)


def drop_replaced(state: SavedState, *, by: Checkpoint) -> None:
    """Remove the last checkpoint of a locked run, unless it stays or something hangs on it, such as the next one."""
    last = state.shelf.newest
    if last is None or not replaces(state) or by.base_id == last.pk:
        return
    if _drop(Checkpoint.objects.filter(pk=last.pk, asked=False).unneeded()):
        state.shelf.forget(last)


def shelve(checkpoint: Checkpoint, state: SavedState) -> None:
    """Remember the checkpoint that was just stored: the next one may build on it."""
    base = state.shelf.base
    state.shelf.put(checkpoint, state.text, base.length + 1 if base and checkpoint.base_id == base.pk else 1)


@transaction.atomic
def prune(*, days: int, by: Actor = CLOCK) -> int:
    """Remove checkpoints of runs that ended so many days ago, at most a round's; returns how many.

    Stays: each run's newest, each that a question hangs on or a fork began from, and what these are deltas of.
    """
    before = timezone.now() - timedelta(days=days)
    over = Checkpoint.objects.filter(run__finished_at__lt=before).unneeded().not_the_newest().never_forked()
    ids = set(over.values_list("run", flat=True)[:ROUND])
    # another clock that holds a run is at the same work; waiting for it while holding others could dead-lock the two
    held = Run.objects.filter(pk__in=ids).order_by("pk").select_for_update(skip_locked=True, no_key=True)
    runs = list(held.values_list("pk", flat=True))
    removed, touched = 0, set[UUID]()
    ends = over.filter(run__in=runs).order_by("run", "-number")
    while found := list(ends.values_list("pk", "run")[: ROUND - removed]):  # one end of each chain after the other
        removed += _drop(Checkpoint.objects.filter(pk__in=[pk for pk, _ in found]))
        touched |= {run for _, run in found}
    if removed:
        data = {"checkpoints": removed, "runs": len(touched), "days": days, "ended_before": before}
        audit.record(Act("checkpoints.pruned", by, data=data))
    return removed


def _packed(state: str, base: Base | None) -> tuple[Base | None, bytes, str]:
    full, digest = Checkpoint.pack(state)
    if base is None or base.length >= LONGEST_CHAIN:
        return None, full, digest
    delta, _ = Checkpoint.pack(state, base.state)
    return (base, delta, digest) if len(delta) < len(full) else (None, full, digest)


def _stays(checkpoint: Checkpoint) -> bool:
    return checkpoint.asked or getattr(settings, "FOUREYES_KEEP_ALL_CHECKPOINTS", False)


def _drop(doomed: CheckpointQuerySet) -> int:
    ToolCall.objects.filter(checkpoint__in=doomed).update(checkpoint=None)
    return doomed.drop()
