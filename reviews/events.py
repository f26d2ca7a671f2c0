"""Announcements: a fact, its listeners, after the commit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction

E = TypeVar("E")
_listeners: defaultdict[type, list[Callable[[Any], None]]] = defaultdict(list)


@dataclass(frozen=True)
class RunQueued:
    """A run waits for a worker."""

    run_id: UUID


@dataclass(frozen=True)
class Recorded:
    """Something was written to a run's history; ids and the newest sequence number only."""

    run_id: UUID
    seq: int
    queue_ids: tuple[int, ...]


@dataclass(frozen=True)
class Traced:
    """A run's trace has grown; nothing was added to its history."""

    run_id: UUID


@dataclass(frozen=True)
class SightChanged:
    """A session has ended, or an account, its roles or its seats have changed, and with them what somebody may see."""


def subscribe(event: type[E], listener: Callable[[E], None]) -> None:
    """Call the listener with every event of that type; subscribing twice calls it once."""
    if listener not in _listeners[event]:
        _listeners[event].append(listener)


def publish(event: object) -> None:
    """Tell each listener once the transaction commits; the failure of one spares the others."""
    for listener in _listeners[type(event)]:
        transaction.on_commit(_telling(listener, event), robust=True)


def _telling(listener: Callable[[E], None], event: E) -> Callable[[], None]:
    def tell() -> None:
        listener(event)

    # Django logs a failure under this name and would itself fail on a partial, which has none
    tell.__qualname__ = getattr(listener, "__qualname__", repr(listener))
    return tell
