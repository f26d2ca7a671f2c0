"""Rows to change which somebody has locked, or whose run is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet

from reviews.models.writes.sql import Params, update


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
        return update(type(self.row)._base_manager.filter(pk=self.row.pk), values)

    def made(self, number: Any) -> None:
        """It has its number already."""


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
        return update(self.rows, self.values)

    def made(self, number: Any) -> None:
        """Nobody asks."""
