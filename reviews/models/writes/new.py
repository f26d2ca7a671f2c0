"""Rows to insert."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Model

from reviews.models.writes.sql import Params, columns_of


@dataclass(frozen=True)
class New:
    """A row to insert; it may refer to rows that are inserted with it, whose numbers nobody knows yet."""

    row: Model

    def make(self) -> None:
        """In the words of any database."""
        self.row.save(force_insert=True)

    def sql(self, earlier: Sequence[Model | None]) -> tuple[str, Params]:
        """An INSERT that can be given a condition; an earlier row is the part ``row<n>`` of the same statement."""
        columns, values, params = [], [], []
        for field in columns_of(self.row):
            value = field.pre_save(self.row, add=True)
            if field.primary_key and value is None:
                continue  # the database numbers it
            columns.append(connection.ops.quote_name(field.column))
            parent = field.get_cached_value(self.row, None) if field.is_relation and value is None else None
            if nth := [n for n, one in enumerate(earlier) if parent is not None and one is parent]:
                values.append(f"(SELECT id FROM row{nth[0]})")
            else:
                values.append("%s")
                params.append(field.get_db_prep_save(value, connection))
        table = connection.ops.quote_name(self.row._meta.db_table)
        return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} WHERE true", tuple(params)

    def made(self, number: Any) -> None:
        """Tell the row that it is stored now, under which number, and under which ones those it refers to."""
        self.row.pk, self.row._state.adding, self.row._state.db = number, False, connection.alias
        for field in columns_of(self.row):
            if field.is_relation and (parent := field.get_cached_value(self.row, None)) is not None:
                setattr(self.row, field.attname, parent.pk)


@dataclass(frozen=True)
class NewRows:
    """Rows of one kind to insert, at least one, whose own numbers nobody asks for; what they refer to has its own."""

    rows: Sequence[Model]
    row = None

    def make(self) -> None:
        """In the words of any database."""
        type(self.rows[0])._base_manager.bulk_create(self.rows)

    def sql(self, earlier: Sequence[Model | None]) -> tuple[str, Params]:
        """An INSERT of all of them that can be given a condition."""
        fields = [field for field in columns_of(self.rows[0]) if not field.primary_key]
        table = connection.ops.quote_name(self.rows[0]._meta.db_table)
        columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
        given = [
            {field.column: field.get_prep_value(field.pre_save(row, True)) for field in fields} for row in self.rows
        ]
        said = f"jsonb_populate_recordset(NULL::{table}, %s::jsonb)"
        sql = f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {said} AS given WHERE true"
        return sql, (json.dumps(given, default=str),)

    def made(self, number: Any) -> None:
        """Nobody asks."""
