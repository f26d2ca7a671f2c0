"""The one change that all others may depend on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Model, Q, QuerySet

from reviews.models.writes.single import alone
from reviews.models.writes.sql import Params, update

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
        sql, params = update(self.rows, self.values)
        case: str = "true"
        more: Sequence[Any] = ()
        if self.case is not None:
            query = self.model._base_manager.filter(self.case).query
            case, more = query.where.as_sql(query.get_compiler(connection=connection), connection)
        return f'{sql} {condition} RETURNING *, ({case}) AS "case"', (*params, *more)
