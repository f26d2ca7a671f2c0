"""Reading the book against itself: the first link that does not hold, by number and by name."""

from __future__ import annotations

from dataclasses import dataclass

from reviews.audit.ledger import digest
from reviews.models import AuditEntry, AuditHead
from reviews.models.audit_entry import GENESIS


@dataclass(frozen=True)
class Verified:
    """The whole chain holds: how many entries, and the newest digest."""

    entries: int
    head: str


@dataclass(frozen=True)
class Broken:
    """The first link that does not hold, and what is wrong with it."""

    seq: int
    problem: str


def verify() -> Verified | Broken:
    """Walk the chain from its first entry, in constant memory."""
    seq, previous = 0, GENESIS
    for entry in AuditEntry.objects.order_by("seq").iterator(chunk_size=2000):
        problem = _problem(entry, seq + 1, previous)
        if problem:
            return Broken(seq + 1 if entry.seq > seq + 1 else entry.seq, problem)
        seq, previous = entry.seq, entry.digest
    head = AuditHead.objects.filter(pk=1).first() or AuditHead()
    if (head.seq, head.digest) != (seq, previous):
        return Broken(seq + 1, f"the book ends at entry {seq}, but its head remembers entry {head.seq}")
    return Verified(seq, previous)


def _problem(entry: AuditEntry, expected: int, previous: str) -> str:
    if entry.seq > expected:
        return f"entry {expected} is missing: the next one found is {entry.seq}"
    if entry.seq < expected:
        return f"entry {entry.seq} stands where entry {expected} should"
    if entry.previous != previous:
        return f"entry {entry.seq} does not follow entry {entry.seq - 1}: it was inserted or reordered"
    if digest(entry) != entry.digest:
        return f"the text of entry {entry.seq} ({entry.action}) was altered"
    return ""
