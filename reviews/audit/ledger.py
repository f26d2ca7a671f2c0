"""Writing the book. Called last in a transaction: the head's lock is the one all writers share."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from reviews import events
from reviews.audit import one_statement
from reviews.audit.act import Act
from reviews.audit.one_statement import Lines
from reviews.models import AuditEntry, AuditHead, Change, Event, Found, Run
from reviews.models.writes import Write

M = TypeVar("M", bound=Model)


def record(*acts: Act, writes: Sequence[Write] = ()) -> int:
    """Append the acts to the chain and to their runs' histories; returns the newest sequence number.

    Must run inside the transaction of the change it records, after every other lock was taken; or makes the ``writes``
    that it records itself, all or none. Raises TransactionManagementError where it does neither.
    """
    connection = transaction.get_connection()
    if not writes and not connection.in_atomic_block:  # PostgreSQL would say so by itself, SQLite would not
        raise transaction.TransactionManagementError("The book is written inside the transaction of what it records.")
    head = _write(None, {True: acts}, writes, soon=False)
    assert head is not None  # there is nothing that could have stood in its way
    return int(head.book_seq)


def record_change(
    change: Change[M] | Found[M],
    acts: Sequence[Act] | Mapping[bool, Sequence[Act]],
    writes: Sequence[Write] = (),
    *,
    soon: bool = False,
) -> M | None:
    """Make the change, and with it the writes, and record the acts; returns the changed row.

    None, and nothing written, where there is nothing to change any more. Where the change asks about a ``case``, the
    acts depend on the answer. Needs no transaction; after every other lock, where it runs in one.

    A change that would be made again if it got lost need only be on the disk ``soon``: a server that crashes in the
    same second may forget it, with what came after it and nothing that came before.
    """
    changed: M | None = _write(change, acts if isinstance(acts, Mapping) else {True: acts}, writes, soon)
    return changed


def _write(
    change: Change[Any] | Found[Any] | None, cases: Mapping[bool, Sequence[Act]], writes: Sequence[Write], soon: bool
) -> Any:
    now = timezone.now()
    lines = {case: [(act, _unlinked(act, now)) for act in acts] for case, acts in cases.items()}
    is_postgresql = transaction.get_connection().vendor == "postgresql"
    made = one_statement.write(change, lines, writes, soon) if is_postgresql else _one_by_one(change, lines, writes)
    if made is not None:
        _announce(cases[bool(made.case)], made)
    return made


@transaction.atomic
def _one_by_one(change: Change[Any] | Found[Any] | None, cases: Mapping[bool, Lines], writes: Sequence[Write]) -> Any:
    """In the words of any database, with digests made here."""
    made: Any = change.make() if change else _Unchanged()
    if made is not None:
        for one in writes:
            one.make()
        made.book_seq = _append(cases[bool(made.case)])
    return made


@dataclass
class _Unchanged:
    """In place of a changed row."""

    case: bool = True
    book_seq: int = 0
    pk: None = None


def digest(entry: AuditEntry) -> str:
    """SHA-256, in hexadecimal, of the entry's text and of the digest before it, as canonical JSON."""
    return hashlib.sha256(f'[{entry.seq},{entry.text},"{entry.previous}"]'.encode()).hexdigest()


def _append(lines: Lines) -> int:
    head, _ = AuditHead.objects.select_for_update().get_or_create(pk=1)
    for _act, entry in lines:
        entry.seq, entry.previous = head.seq + 1, head.digest
        entry.digest = digest(entry)
        head.seq, head.digest = entry.seq, entry.digest
    AuditEntry.objects.bulk_create(entry for _act, entry in lines)
    Event.objects.bulk_create(_event(act, act.run, entry) for act, entry in lines if act.run is not None)
    head.save(update_fields=["seq", "digest"])
    return head.seq


def _unlinked(act: Act, now: datetime) -> AuditEntry:
    """The entry as far as it does not depend on its place in the chain."""
    return AuditEntry(
        at=now,
        action=act.action,
        actor_type=act.by.type,
        actor=act.by.name,
        run=str(act.run.pk) if act.run else "",
        subject=f"intervention:{act.intervention.pk}" if act.intervention else "",
        data=json.dumps(act.data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, cls=DjangoJSONEncoder),
    )


def _event(act: Act, run: Run, entry: AuditEntry) -> Event:
    return Event(
        seq=entry.seq,
        run=run,
        intervention=act.intervention,
        kind=act.action,
        actor_type=act.by.type,
        actor=act.by.name,
        data=json.loads(entry.data),
        at=entry.at,
    )


def _announce(acts: Sequence[Act], made: Any) -> None:
    """Ring for each run; the changed row itself is newer than what the acts know of it."""
    runs = {act.run.pk: act.run for act in acts if act.run}
    asked = defaultdict(set)
    for act in acts:
        if act.intervention:
            asked[act.intervention.run_id].add(act.intervention.queue_id)
    for run in (made if made.pk == run.pk else run for run in runs.values()):
        events.publish(events.Recorded(run.pk, made.book_seq, tuple(sorted(asked[run.pk] | {run.queue_id}))))
