"""The words of a write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.sql import UpdateQuery

Params = tuple[Any, ...]


def columns_of(row: Model) -> Sequence[Any]:
    """The columns of the row's table."""
    return row._meta.local_concrete_fields


def update(rows: QuerySet[Any], values: Mapping[str, Any]) -> tuple[str, Params]:
    """What ``rows.update()`` would send."""
    query: Any = rows.query.chain(UpdateQuery)
    query.add_update_values(dict(values))
    query.clear_select_clause()  # as Django does: the annotations that the conditions need stand in them
    sql, params = query.get_compiler(connection=connection).as_sql()
    return sql, tuple(params)
