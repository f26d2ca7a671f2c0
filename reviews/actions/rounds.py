"""A part of the clock's round: each of a list is dealt with, and one that cannot be dealt with spares the others."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

logger = logging.getLogger(__name__)
AT_ONCE = 200
"""Rows that are dealt with in one round."""
PAGES = 5
"""So often the list is taken up again behind rows that failed, so that those never fill it."""


def each(waiting: QuerySet[Any], deal: Callable[[Any], bool], *, by: str = "pk") -> int:
    """Deal with each of those rows, named by that field, in their order; returns with how many something was done.

    What cannot be dealt with is logged and tried again in the next round; those behind it have their turn all the same.
    """
    done, seen = 0, list[Any]()
    for _ in range(PAGES):
        keys = list(waiting.exclude(**{f"{by}__in": seen}).values_list(by, flat=True)[:AT_ONCE])
        results = [_dealt_with(key, deal) for key in keys]
        done += results.count(True)
        if None not in results:
            break
        seen += keys
    return done


def _dealt_with(key: Any, deal: Callable[[Any], bool]) -> bool | None:
    try:
        return deal(key)
    except Exception:
        logger.exception("%s(%s) failed; it is tried again in the next round", deal.__name__, key)
        return None
