"""Writes that are described before they are made, so that several of them can go in one statement."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import Model, Q, QuerySet
from django.db.models.constants import OnConflict
from django.db.models.sql import InsertQuery, UpdateQuery

Params = tuple[Any, ...]
M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Change(Generic[M]):
    """An UPDATE of one row, made only while ``rows`` still finds it: lock, check and write in one.

    ``case`` is a question about the row as it is afterwards, whose answer stands in its attribute ``case``.
    """

    rows: QuerySet[M]
    values: Mapping[str, Any]
    case: Q | None = None

    @property
    def model(self) -> type[M]:
        """What is changed."""
        return self.rows.model

    def make(self) -> M | None:
        """The row as it is now, or None where there is nothing to change any more. One statement."""
        try:
            with alone():
                changed = list(self.model._base_manager.raw(*self.sql()))
        except EmptyResultSet:  # no row can be like that
            return None
        return changed[0] if changed else None

    def sql(self, condition: str = "") -> tuple[str, Params]:
        """The statement, which returns all columns of the row, and the case; with one more condition at its end."""
        sql, params = _update(self.rows, self.values)
        case: str = "true"
        more: Sequence[Any] = ()
        if self.case is not None:
            query = self.model._base_manager.filter(self.case).query
            case, more = query.where.as_sql(query.get_compiler(connection=connection), connection)
        return f'{sql} {condition} RETURNING *, ({case}) AS "case"', (*params, *more)


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
        for field in _columns(self.row):
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
        for field in _columns(self.row):
            if field.is_relation and (parent := field.get_cached_value(self.row, None)) is not None:
                setattr(self.row, field.attname, parent.pk)


@dataclass(frozen=True)
class Saved:
    """Fields of a row to save, which somebody has locked."""

    row: Model
    fields: Sequence[str]

    def make(self) -> None:
        """In the words of any database."""
        self.row.save(update_fields=self.fields)

    def sql(self, earlier: Sequence[Model | None]) -> tuple[str, Params]:
        """An UPDATE that can be given one more condition."""
        values = {name: getattr(self.row, name) for name in self.fields}
        return _update(type(self.row)._base_manager.filter(pk=self.row.pk), values)

    def made(self, number: Any) -> None:
        """It has its number already."""


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
        fields = [field for field in _columns(self.rows[0]) if not field.primary_key]
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


@dataclass(frozen=True)
class Updated:
    """Fields to change in all rows that a query finds, many or none, and that change only under a lock that is held.

    The rows are locked at any moment of the statement, before the book or after it: others that lock such a row and
    then write the book would wait for each other.
    """

    rows: QuerySet[Any]
    values: Mapping[str, Any]
    row = None

    def make(self) -> None:
        """In the words of any database."""
        self.rows.update(**self.values)

    def sql(self, earlier: Sequence[Model | None]) -> tuple[str, Params]:
        """An UPDATE that can be given one more condition."""
        return _update(self.rows, self.values)

    def made(self, number: Any) -> None:
        """Nobody asks."""


Write = New | NewRows | Saved | Updated


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


def _columns(row: Model) -> Sequence[Any]:
    return row._meta.local_concrete_fields


def _update(rows: QuerySet[Any], values: Mapping[str, Any]) -> tuple[str, Params]:
    """What ``rows.update()`` would send."""
    query: Any = rows.query.chain(UpdateQuery)
    query.add_update_values(dict(values))
    query.clear_select_clause()  # as Django does: the annotations that the conditions need stand in them
    sql, params = query.get_compiler(connection=connection).as_sql()
    return sql, tuple(params)
