"""A query that is asked at every bell: its SQL is made once, for making it takes longer than the database's answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection, connections
from django.db.models import QuerySet

MARK = -(2**62)
"""Stands in the SQL's parameters where the number comes."""


class Prepared:
    """A query of plain values that depends on one number."""

    def __init__(self, query: Callable[[int], QuerySet[Any, tuple[Any, ...]]]) -> None:
        self._query = query
        self._made: tuple[Any, str, tuple[Any, ...]] | None = None

    def rows(self, number: int) -> list[tuple[Any, ...]]:
        """What the query returns for that number, in Python's types."""
        compiler, sql, params = self._made or self._make()
        if compiler.connection is not connections[connection.alias]:  # each thread has its own
            compiler, sql, params = self._make()
        with connection.cursor() as cursor:
            cursor.execute(sql, [number if param == MARK else param for param in params])
            found = cursor.fetchall()
        return list(compiler.results_iter([found], tuple_expected=True))

    def _make(self) -> tuple[Any, str, tuple[Any, ...]]:
        compiler = self._query(MARK).query.get_compiler(using=connection.alias)
        sql, params = compiler.as_sql()
        self._made = compiler, sql, params
        return self._made
