"""Locking a row and asking about it in one statement."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet, Subquery

from reviews.models.run import Run


class Locking(Subquery):
    """The id of a run, which the statement that asks for it locks first of all, as `RunQuerySet.locked` does.

    Django's own would be refused outside of a transaction; but a statement by itself is one.
    """

    def __init__(self, runs: QuerySet[Run]) -> None:
        super().__init__(runs.values("pk"))

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """SQLite knows one writer at a time, and no locks of rows."""
        return self.as_sql(compiler, connection, template="(%(subquery)s FOR NO KEY UPDATE)")
