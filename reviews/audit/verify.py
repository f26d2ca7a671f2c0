"""Reading the book against itself: the first link that does not hold, by number and by name."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import OperationalError
from django.db.models import Max, QuerySet

from reviews.audit.ledger import digest
from reviews.models import AuditEntry, AuditHead, Event
from reviews.models.audit_entry import GENESIS

UNREADABLE = (ValueError, TypeError, AttributeError, OperationalError)
"""What reading a row raises when somebody wrote into a column what cannot be there; SQLite's own is operational."""


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
    """Walk the chain from its first entry, in constant memory; others may write the book meanwhile."""
    seq, previous, promised = 0, GENESIS, 0
    while True:
        try:
            for entry in _entries(after=seq).iterator(chunk_size=2000):
                if problem := _problem(entry, seq + 1, previous):
                    return Broken(min(entry.seq, seq + 1), problem)
                seq, previous = entry.seq, entry.digest
        except UNREADABLE:
            return _unreadable(seq, previous)
        told = Event.objects.aggregate(newest=Max("seq"))["newest"] or 0  # before the head, which only grows
        head = AuditHead.objects.filter(pk=1).first() or AuditHead()
        if head.seq <= seq or seq < promised:
            return _ending(seq, previous, head, told)
        promised = head.seq  # entries were added during the walk: go on to there


def verify_newest(number: int) -> Verified | Broken:
    """Whether the newest entries hold, at most ``number`` of them: three statements, however long the book is."""
    told = Event.objects.aggregate(newest=Max("seq"))["newest"] or 0  # before the head, which only grows
    head = AuditHead.objects.filter(pk=1).first() or AuditHead()
    match _walk(max(0, head.seq - number), head.seq):
        case Broken() as broken:
            return broken
        case seq, previous:
            return _ending(seq, previous, head, told)


def verify_entry(seq: int) -> Broken | None:
    """What is wrong with this one entry and its links to both neighbours, if anything is."""
    match _walk(max(0, seq - 2), seq + 1):
        case Broken() as broken:
            return broken
        case last, _ if last < seq:
            return Broken(seq, f"entry {seq} is missing")
    return None


def _walk(after: int, upto: int) -> Broken | tuple[int, str]:
    """The number and digest of the last entry of a part of the chain, or the first link in it that does not hold."""
    seq, previous = after, "" if after else GENESIS
    try:
        for entry in AuditEntry.objects.filter(seq__gt=after, seq__lte=upto).order_by("seq"):
            if problem := _problem(entry, seq + 1, previous or entry.previous):
                return Broken(min(entry.seq, seq + 1), problem)
            seq, previous = entry.seq, entry.digest
    except UNREADABLE as error:
        return Broken(seq + 1, f"entry {seq + 1}, or one soon after it, cannot be read: {error}")
    return seq, previous


def _entries(*, after: int) -> QuerySet[AuditEntry]:
    entries = AuditEntry.objects.order_by("seq")
    return entries.filter(seq__gt=after) if after else entries


def _unreadable(seq: int, previous: str) -> Broken:
    """Go on one by one: rows that are fetched together do not tell which of them cannot be read."""
    for found in _entries(after=seq).values_list("seq", flat=True).iterator():
        try:
            entry = AuditEntry.objects.get(seq=found)
            problem = _problem(entry, seq + 1, previous)
        except UNREADABLE as error:
            if isinstance(error, OperationalError) and "decode" not in str(error):
                raise  # the database itself is in trouble, not this row
            return Broken(found, f"entry {found} cannot be read: {error}")
        if problem:
            return Broken(min(entry.seq, seq + 1), problem)
        seq, previous = entry.seq, entry.digest
    return Broken(seq, f"an entry up to {seq} could not be read a moment ago, and now can: verify again")


def _problem(entry: AuditEntry, expected: int, previous: str) -> str:
    if entry.seq > expected:
        return f"entry {expected} is missing: the next one found is {entry.seq}"
    if entry.seq < expected:
        return f"entry {entry.seq} stands where entry {expected} should"
    if entry.previous != previous:
        return f"entry {entry.seq} does not follow entry {entry.seq - 1}: one of them was replaced, inserted or moved"
    if digest(entry) != entry.digest:
        return f"the text of entry {entry.seq} ({entry.action}) was altered"
    return ""


def _ending(seq: int, previous: str, head: AuditHead, told: int) -> Verified | Broken:
    if head.seq > seq:
        return Broken(seq + 1, f"entry {seq + 1} is missing: the book ends before it, its head remembers {head.seq}")
    if head.seq < seq:
        return Broken(head.seq + 1, f"entry {head.seq + 1} was added: the head of the book remembers {head.seq}")
    if head.digest != previous:
        return Broken(seq, f"entry {seq} is not the one that the head of the book remembers: it was replaced")
    if told > seq:
        return Broken(seq + 1, f"entry {seq + 1} is missing: the runs' histories go on to entry {told}")
    return Verified(seq, previous)
