"""Writing the book in one round trip, where the database can make the digests itself.

The head's lock is the one that all writers of the house share: the fewer trips are made under it, the shorter the line.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection

from reviews.audit.act import Act
from reviews.models import AuditEntry, AuditHead

APPEND = """
WITH RECURSIVE given AS (
    SELECT * FROM ROWS FROM (jsonb_to_recordset(%s) AS (
        text text, at timestamptz, action text, actor_type text, actor text, run text, subject text, data text,
        run_id uuid, intervention_id uuid
    )) WITH ORDINALITY AS line(
        text, at, action, actor_type, actor, run, subject, data, run_id, intervention_id, nth
    )
), head AS (
    SELECT seq, digest::text FROM reviews_audithead WHERE id = 1 FOR UPDATE
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
)
UPDATE reviews_audithead SET seq = newest.seq, digest = newest.digest
FROM (SELECT seq, digest FROM chain ORDER BY nth DESC LIMIT 1) AS newest
WHERE id = 1 RETURNING reviews_audithead.seq
"""


def append(lines: Sequence[tuple[Act, AuditEntry]]) -> int:
    """Chain the entries, tell the histories, move the head; returns its new sequence number. PostgreSQL only."""
    rows = json.dumps([_row(act, entry) for act, entry in lines], ensure_ascii=False)
    with connection.cursor() as cursor:
        cursor.execute(APPEND, [rows])
        if (moved := cursor.fetchone()) is None:  # the first act of all
            AuditHead.objects.get_or_create(pk=1)
            cursor.execute(APPEND, [rows])
            moved = cursor.fetchone()
    return int(moved[0])


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
