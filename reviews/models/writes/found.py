"""A row that others depend on, and that nobody changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet, Value

from reviews.models.writes.sql import Params

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Found(Generic[M]):
    """What must be there for what is written beside it: check and write in one, as with a `Change`, of nothing here.

    ``rows`` are told apart by at least one condition. The row is not locked.
    """

    rows: QuerySet[M]

    @property
    def model(self) -> type[M]:
        """What is looked for."""
        return self.rows.model

    def make(self) -> M | None:
        """The row, or None where there is none. One statement."""
        return self._told().first()

    def sql(self, condition: str = "") -> tuple[str, Params]:
        """The statement, which returns all columns of the row; with one more condition at its end."""
        sql, params = self._told().query.sql_with_params()
        return f"{sql} {condition}", params

    def _told(self) -> QuerySet[Any]:
        return self.rows.order_by().annotate(case=Value(True))
