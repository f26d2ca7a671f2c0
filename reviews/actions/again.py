"""Doing one transaction again that others got in the way of."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, OperationalError

T = TypeVar("T")
logger = logging.getLogger(__name__)
TRIES = 3
PASSING = frozenset({"40P01", "40001"})
"""What PostgreSQL calls a dead-lock, and transactions that cannot follow each other."""


class Hindered(Exception):
    """Others got in its way each time; nothing of it was stored."""


def anew(act: Callable[[], T]) -> T:
    """What the transaction returns, done again where it met a dead-lock or a row that has changed under it.

    It is done ``TRIES`` times at most, and everything it depends on has to be read in it. Raises Hindered, and whatever
    else it raises.
    """
    tries = 1
    while True:
        try:
            return act()
        except (IntegrityError, OperationalError) as error:
            if not is_passing(error):
                raise
            if tries == TRIES:
                raise Hindered(f"{type(error).__name__}: {error}") from error
            logger.warning("done again after %s: %s", type(error).__name__, error)
        tries += 1


def is_passing(error: IntegrityError | OperationalError) -> bool:
    """Whether the same may succeed now; not where the database is away."""
    return isinstance(error, IntegrityError) or getattr(error.__cause__, "sqlstate", "") in PASSING
