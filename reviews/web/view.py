"""Whose inbox a page shows, and which part of it."""

from dataclasses import dataclass

from reviews.web.filters import Filter


@dataclass(frozen=True)
class View:
    """What one open inbox shows; equal views are told the same."""

    person: int
    username: str
    chosen: Filter
