"""Whose inbox or board a page shows, and which part of it."""

from dataclasses import dataclass

from reviews.web.filters import Filter
from reviews.web.lanes import Look


@dataclass(frozen=True)
class View:
    """What one open inbox shows; equal views are told the same."""

    person: int
    username: str
    chosen: Filter


@dataclass(frozen=True)
class BoardView:
    """What one open board shows."""

    person: int
    chosen: Look
