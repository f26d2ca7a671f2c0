"""The audit log as a file: streamed in small batches, ending with a line that says what it holds."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet

from reviews.models import AuditEntry
from reviews.web.withheld import Blindfold

BATCH = 500
FIELDS = ("seq", "at", "action", "actor_type", "actor", "run", "subject", "data", "previous", "digest")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet may take for the beginning of a formula (OWASP, CSV injection)."""


@dataclass
class Manifest:
    """What the file holds, and where the whole chain stood when it was made; a file without it was cut off."""

    exported_at: str
    exported_by: str
    filters: dict[str, str]
    head_seq: int
    head_digest: str
    count: int = 0
    withheld: int = 0
    first_seq: int | None = None
    last_seq: int | None = None
    columns: tuple[str, ...] = field(default=FIELDS)

    def add(self, batch: list[AuditEntry]) -> None:
        """Count the entries in."""
        self.count += len(batch)
        self.first_seq = batch[0].seq if self.first_seq is None else self.first_seq
        self.last_seq = batch[-1].seq


async def as_jsonl(entries: QuerySet[AuditEntry], manifest: Manifest, blindfold: Blindfold) -> AsyncIterator[bytes]:
    """One JSON object a line, its text exactly as it was hashed; the last line is ``{"manifest": …}``.

    Of what the ``blindfold`` hides neither actor nor data are told; the manifest counts how often.
    """
    async for batch in _batches(entries, manifest, blindfold):
        yield "".join(_json(_record(entry)) + "\n" for entry in batch).encode()
    yield (_json({"manifest": asdict(manifest)}) + "\n").encode()


async def as_csv(entries: QuerySet[AuditEntry], manifest: Manifest, blindfold: Blindfold) -> AsyncIterator[bytes]:
    """A row an entry under a row of names; the last row is ``manifest`` and its JSON.

    A cell that a spreadsheet could take for a formula gets an apostrophe in front; for exact text export JSON lines.
    """
    yield _csv([FIELDS])
    async for batch in _batches(entries, manifest, blindfold):
        yield _csv([_record(entry).values() for entry in batch])
    yield _csv([("manifest", _json(asdict(manifest)))])


def harmless(cell: Any) -> Any:
    """The cell, made text where a spreadsheet would calculate it."""
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ").startswith(FORMULA) else cell


async def _batches(
    entries: QuerySet[AuditEntry], manifest: Manifest, blindfold: Blindfold
) -> AsyncIterator[list[AuditEntry]]:
    """Short queries one after the other, up to where the chain stood: no long read transaction, no growing memory."""
    last = 0
    wanted = entries.filter(seq__lte=manifest.head_seq).order_by("seq")
    while batch := [entry async for entry in wanted.filter(seq__gt=last)[:BATCH]]:
        manifest.add(batch)
        last = batch[-1].seq
        manifest.withheld += sum(map(blindfold.hides, batch))
        yield [blindfold.over(entry) for entry in batch]


def _record(entry: AuditEntry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in FIELDS} | {"at": moment(entry.at)}


def moment(at: datetime) -> str:
    """ISO 8601 in UTC with microseconds, as it goes into the digest."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _csv(rows: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([[harmless(cell) for cell in row] for row in rows])
    return text.getvalue().encode()
