"""Pages of long lists by the last row seen, not by an offset: as quick on page 1,000 as on page 1."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

from reviews.actions.text import UNSTORABLE

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Page(Generic[M]):
    """Some rows, and the cursor of the page after them; an empty cursor means that these are the last."""

    rows: list[M]
    after: str
    is_first: bool


def page(rows: QuerySet[M], *, by: Sequence[str], cursor: str, size: int) -> Page[M]:
    """Return the ``size`` rows that follow the cursor, ordered ``by`` columns such as ``due_at`` or ``-seq``.

    The columns must not be null and together unique. A cursor that makes no sense is the first page.
    """
    last = _read(rows.model, by, cursor)
    ordered = rows.order_by(*by)
    found = list((ordered.filter(beyond(by, last)) if last else ordered)[: size + 1])
    after = _write(found[size - 1], by) if len(found) > size else ""
    return Page(found[:size], after, is_first=last is None)


def beyond(by: Sequence[str], last: Sequence[Any]) -> Q:
    """The condition ``(a, b) > (1, 2)`` as ``a > 1 or a = 1 and b > 2``, each column in its own direction."""
    condition = Q()
    for name, value in reversed(list(zip(by, last, strict=True))):
        column, side = (name[1:], "lt") if name.startswith("-") else (name, "gt")
        equal = Q(**{column: value}) & condition if condition else None
        condition = Q(**{f"{column}__{side}": value}) | equal if equal else Q(**{f"{column}__{side}": value})
    return condition


def _write(row: Model, by: Sequence[str]) -> str:
    values = [row._meta.get_field(name.lstrip("-")).value_to_string(row) for name in by]  # type: ignore[union-attr]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _read(model: type[Model], by: Sequence[str], cursor: str) -> list[Any] | None:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        fields = [model._meta.get_field(name.lstrip("-")) for name in by]
        return [_fit(field.to_python(value)) for field, value in zip(fields, values, strict=True)]  # type: ignore[union-attr]
    except (ValueError, TypeError, OverflowError, RecursionError, ValidationError):
        return None


def _fit(value: Any) -> Any:
    """The value, if a column could hold it. Raises ValueError or OverflowError."""
    if value is None:
        raise ValueError("no column of an order is null")
    if isinstance(value, str) and UNSTORABLE.search(value):
        raise ValueError("no database holds this text")
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a moment without a zone is none")
        return value.astimezone(UTC)
    return value
