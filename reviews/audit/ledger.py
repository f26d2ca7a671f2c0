"""Writing the book. Called last in a transaction: the head's lock is the one all writers share."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone

from reviews import events
from reviews.actors import Actor
from reviews.models import AuditEntry, AuditHead, Event, Intervention, Run


@dataclass(frozen=True)
class Act:
    """One thing done by one actor; the action is written ``noun.verb``."""

    action: str
    by: Actor
    run: Run | None = None
    intervention: Intervention | None = None
    data: dict[str, Any] = field(default_factory=dict)


def record(*acts: Act) -> int:
    """Append the acts to the chain and to their runs' histories; returns the newest sequence number.

    Must run inside the transaction of the change it records, after every other lock was taken.
    Raises TransactionManagementError outside of one.
    """
    if not transaction.get_connection().in_atomic_block:  # PostgreSQL would say so by itself, SQLite would not
        raise transaction.TransactionManagementError("The book is written inside the transaction of what it records.")
    head, _ = AuditHead.objects.select_for_update().get_or_create(pk=1)
    now, entries, history = timezone.now(), [], []
    for act in acts:
        entry = _entry(act, head, now)
        head.seq, head.digest = entry.seq, entry.digest
        entries.append(entry)
        if act.run is not None:
            history.append(_event(act, act.run, entry))
    AuditEntry.objects.bulk_create(entries)
    Event.objects.bulk_create(history)
    head.save(update_fields=["seq", "digest"])
    _announce(acts, head.seq)
    return head.seq


def digest(entry: AuditEntry) -> str:
    """SHA-256, in hexadecimal, of the entry's text and of the digest before it, as canonical JSON."""
    text = [
        entry.seq,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.action,
        entry.actor_type,
        entry.actor,
        entry.run,
        entry.subject,
        entry.data,
        entry.previous,
    ]
    return hashlib.sha256(json.dumps(text, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def _entry(act: Act, head: AuditHead, now: datetime) -> AuditEntry:
    entry = AuditEntry(
        seq=head.seq + 1,
        at=now,
        action=act.action,
        actor_type=act.by.type,
        actor=act.by.name,
        run=str(act.run.pk) if act.run else "",
        subject=f"intervention:{act.intervention.pk}" if act.intervention else "",
        data=json.dumps(act.data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, cls=DjangoJSONEncoder),
        previous=head.digest,
    )
    entry.digest = digest(entry)
    return entry


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
