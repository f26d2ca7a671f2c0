"""One answer of an assertion that does not hold, and how few of them are wanted."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from django.db.models import Model, QuerySet

LIMIT = 20
"""Findings of one kind that may be open at once: who has these to look at needs no more."""
LATE = timedelta(minutes=2)
"""How far behind the clock may be with one timer or one lease."""

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, order=True)
class Fault:
    """One assertion that does not hold for one subject, and a sentence that says so."""

    kind: str
    subject: str
    said: str


def some(wrong: QuerySet[M], known: Collection[str]) -> Iterable[M]:
    """Those of the known that are still wrong, then others in their order until the limit."""
    still = list(wrong.filter(pk__in=known)) if known else []
    return [*still, *wrong.exclude(pk__in=known)[: max(0, LIMIT - len(still))]]
