"""Messages of one round of the clock, written together: what people wish is read once, and the rows go in at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from uuid import UUID

from reviews.models import Endpoint, Intervention, Notice, NoticeSettings
from reviews.states import LASTING_NOTICES

CHUNK = 200


@dataclass
class Batch:
    """What was owed since it began, and what was read for it."""

    rows: defaultdict[UUID | None, list[Notice]] = field(default_factory=lambda: defaultdict(list))
    told: set[UUID] = field(default_factory=set)
    wishes: dict[int, NoticeSettings | None] = field(default_factory=dict)
    endpoints: dict[int | None, list[Endpoint]] = field(default_factory=dict)


_current: ContextVar[Batch | None] = ContextVar("batch", default=None)


@contextmanager
def together() -> Iterator[None]:
    """Within it nothing is written; at its end all is. Inside the transaction of what the messages tell of."""
    batch = Batch()
    token = _current.set(batch)
    try:
        yield
    finally:
        _current.reset(token)
    _write([row for rows in batch.rows.values() for row in rows], batch.told)


def write(rows: list[Notice], intervention: Intervention | None) -> None:
    """Put these into the outbox, now or with the others of the round."""
    told: set[UUID] = set()
    if intervention is not None and not intervention.told:
        intervention.told = True
        told.add(intervention.pk)
    if (batch := _current.get()) is None:
        _write(rows, told)
        return
    batch.rows[intervention.pk if intervention else None] += rows
    batch.told |= told


def withdraw(intervention: Intervention) -> None:
    """What was owed about it in this round is not sent, unless its kind does not ask for a decision."""
    if (batch := _current.get()) is not None:
        owed = batch.rows.pop(intervention.pk, [])
        batch.rows[intervention.pk] = [row for row in owed if row.kind in LASTING_NOTICES]


def wishes_of(people: Collection[int]) -> dict[int, NoticeSettings]:
    """What these people asked for; who never asked for anything is not there."""
    batch = _current.get() or Batch()
    if unknown := [person for person in people if person not in batch.wishes]:
        batch.wishes |= dict.fromkeys(unknown)
        batch.wishes |= {row.user_id: row for row in NoticeSettings.objects.filter(user__in=unknown)}
    return {person: row for person in people if (row := batch.wishes[person]) is not None}


def endpoints_of(queue_id: int | None, read: Callable[[], list[Endpoint]]) -> list[Endpoint]:
    """The endpoints of the queue, read once in a round."""
    batch = _current.get() or Batch()
    if queue_id not in batch.endpoints:
        batch.endpoints[queue_id] = read()
    return batch.endpoints[queue_id]


def _write(rows: list[Notice], told: set[UUID]) -> None:
    if rows:
        Notice.objects.bulk_create(rows, ignore_conflicts=True, batch_size=CHUNK)
    if told:
        Intervention.objects.filter(pk__in=told).update(told=True)
