"""Writing the book in one round trip, where the database can make the digests itself, and what it records with it.

The head's lock is the one that all writers of the house share: the fewer trips are made under it, the shorter the line.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Model

from reviews.audit.act import Act
from reviews.models import AuditEntry, AuditHead, Change
from reviews.models.writes import Found, Write

Lines = Sequence[tuple[Act, AuditEntry]]

UNCHANGED = 'SELECT *, true AS "case" FROM reviews_audithead'
"""In place of a change, so that without a head nothing is written."""
PAGE = """
WITH RECURSIVE changed AS (
    {change}
), {writes} given AS (
    SELECT * FROM ROWS FROM (jsonb_to_recordset(%s::jsonb -> (SELECT "case"::text FROM changed)) AS (
        text text, at timestamptz, action text, actor_type text, actor text, run text, subject text, data text,
        run_id uuid, intervention_id uuid
    )) WITH ORDINALITY AS line(
        text, at, action, actor_type, actor, run, subject, data, run_id, intervention_id, nth
    )
), head AS (
    SELECT seq, digest::text FROM reviews_audithead WHERE id = 1 AND EXISTS (SELECT FROM changed) FOR UPDATE
), chain AS (
    SELECT 0::bigint AS nth, seq, '' AS previous, digest FROM head
    UNION ALL
    SELECT given.nth, seq + 1, digest, encode(sha256(convert_to(
        '[' || seq + 1 || ',' || given.text || ',"' || digest || '"]', 'UTF8')), 'hex')
    FROM chain JOIN given ON given.nth = chain.nth + 1
), linked AS (
    SELECT * FROM chain JOIN given USING (nth)
), entries AS (
    INSERT INTO reviews_auditentry (seq, at, action, actor_type, actor, run, subject, data, previous, digest)
    SELECT seq, at, action, actor_type, actor, run, subject, data, previous, digest FROM linked ORDER BY nth
), history AS (
    INSERT INTO reviews_event (seq, at, kind, actor_type, actor, run_id, intervention_id, data)
    SELECT seq, at, action, actor_type, actor, run_id, intervention_id, data::jsonb FROM linked
    WHERE run_id IS NOT NULL ORDER BY nth
), moved AS (
    UPDATE reviews_audithead SET seq = newest.seq, digest = newest.digest
    FROM (SELECT seq, digest FROM chain ORDER BY nth DESC LIMIT 1) AS newest
    WHERE id = 1 RETURNING reviews_audithead.seq
)
SELECT changed.*, moved.seq AS book_seq {more} FROM changed, moved
"""
SOON = ", set_config('synchronous_commit', 'off', true) AS soon"
"""The server answers before the commit is on its disk, where it is with the next one, a second later at most."""


def write(
    change: Change[Any] | Found[Any] | None, cases: Mapping[bool, Lines], writes: Sequence[Write], soon: bool
) -> Any:
    """Make the change, and if it can be made the writes; chain the entries, tell the histories, move the head.

    Returns the changed row, or without a change the head as it was, with the newest sequence number as ``book_seq``;
    None where the change cannot be made. PostgreSQL only.
    """
    try:
        made = _write(change, cases, writes, soon)
    except EmptyResultSet:  # no row can be as the change wants it
        return None
    if made is None:  # or the book was not open yet: this may be the first act of all
        AuditHead.objects.get_or_create(pk=1)
        made = _write(change, cases, writes, soon)
    for nth, one in enumerate(writes if made is not None else ()):
        one.made(getattr(made, f"row{nth}"))
    return made


def _write(
    change: Change[Any] | Found[Any] | None, cases: Mapping[bool, Lines], writes: Sequence[Write], soon: bool
) -> Any:
    model: type[Model] = AuditHead
    guard, params = UNCHANGED, list[Any]()
    if change is not None:
        model, (guard, its) = change.model, change.sql("AND EXISTS (SELECT FROM reviews_audithead)")
        params += its
    parts, rows = [], [one.row for one in writes]
    for nth, one in enumerate(writes):
        sql, its = one.sql(earlier=rows[:nth])
        parts.append(f"row{nth} AS ({sql} AND EXISTS (SELECT FROM changed) RETURNING id),")
        params += its
    more = SOON if soon and not connection.in_atomic_block else ""
    more += "".join(f", (SELECT id FROM row{nth} LIMIT 1) AS row{nth}" for nth in range(len(writes)))
    page = PAGE.format(change=guard, writes="\n".join(parts), more=more)
    made = list(model._base_manager.raw(page, [*params, _told(cases)]))
    return made[0] if made else None


def _told(cases: Mapping[bool, Lines]) -> str:
    rows = {json.dumps(case): [_row(act, entry) for act, entry in lines] for case, lines in cases.items()}
    return json.dumps(rows, ensure_ascii=False)


def _row(act: Act, entry: AuditEntry) -> dict[str, Any]:
    return {
        "text": entry.text,
        "at": entry.at.isoformat(),
        "action": entry.action,
        "actor_type": entry.actor_type,
        "actor": entry.actor,
        "run": entry.run,
        "subject": entry.subject,
        "data": entry.data,
        "run_id": str(act.run.pk) if act.run else None,
        "intervention_id": str(act.intervention.pk) if act.intervention else None,
    }
