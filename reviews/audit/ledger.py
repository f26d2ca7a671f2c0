"""Writing the book. Called last in a transaction: the head's lock is the one all writers share."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone

from reviews import events
from reviews.audit import one_statement
from reviews.audit.act import Act
from reviews.models import AuditEntry, AuditHead, Event, Run


def record(*acts: Act) -> int:
    """Append the acts to the chain and to their runs' histories; returns the newest sequence number.

    Must run inside the transaction of the change it records, after every other lock was taken.
    Raises TransactionManagementError outside of one.
    """
    if not transaction.get_connection().in_atomic_block:  # PostgreSQL would say so by itself, SQLite would not
        raise transaction.TransactionManagementError("The book is written inside the transaction of what it records.")
    now = timezone.now()
    lines = [(act, _unlinked(act, now)) for act in acts]
    is_postgresql = transaction.get_connection().vendor == "postgresql"
    seq = one_statement.append(lines) if is_postgresql else _append(lines)
    _announce(acts, seq)
    return seq


def digest(entry: AuditEntry) -> str:
    """SHA-256, in hexadecimal, of the entry's text and of the digest before it, as canonical JSON."""
    return hashlib.sha256(f'[{entry.seq},{entry.text},"{entry.previous}"]'.encode()).hexdigest()


def _append(lines: list[tuple[Act, AuditEntry]]) -> int:
    """In the words of any database: four statements, and the digests made here."""
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


def _announce(acts: tuple[Act, ...], seq: int) -> None:
    for run in {act.run.pk: act.run for act in acts if act.run}.values():
        queues = {act.intervention.queue_id for act in acts if act.intervention and act.intervention.run_id == run.pk}
        events.publish(events.Recorded(run.pk, seq, tuple(sorted(queues | {run.queue_id}))))
