"""One statement that is a transaction by itself."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.db import connection, transaction
from django.db.models import Model
from django.db.models.constants import OnConflict
from django.db.models.sql import InsertQuery


def alone() -> AbstractContextManager[Any]:
    """Around one statement, which needs no transaction but where writers take turns by it: SQLite locks no rows."""
    has_turn = connection.features.has_select_for_update or connection.in_atomic_block
    return nullcontext() if has_turn else transaction.atomic()


def upsert(rows: Sequence[Model], *, unique: str, changing: Sequence[str]) -> None:
    """Insert the rows, or where that field says they are there already change those fields of them.

    As Django's ``bulk_create``, without BEGIN and COMMIT around the one statement.
    """
    if not rows:
        return
    meta, named = rows[0]._meta, rows[0]._meta.get_field
    fields = [field for field in meta.concrete_fields if not field.primary_key]
    query: Any = InsertQuery(
        type(rows[0]),
        on_conflict=OnConflict.UPDATE,
        update_fields=[*map(named, changing)],
        unique_fields=[named(unique)],
    )
    query.insert_values(fields, rows)
    with alone():
        query.get_compiler(connection=connection).execute_sql()
