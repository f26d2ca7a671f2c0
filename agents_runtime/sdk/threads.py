"""Threads on which tools run, and how they give back the database connections they borrowed."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import SyncToAsync, ThreadSensitiveContext, sync_to_async
from django.db import connections

P = ParamSpec("P")
T = TypeVar("T")
SPARE = 4
"""Connections left to the worker, its heartbeat and Django's asynchronous queries."""
PSYCOPG_POOL = 4
"""How large psycopg makes a pool whose size is not given."""


class ToolThreads(ThreadPoolExecutor):
    """Fewer threads than the database has connections for, none of which keeps one after its job."""

    def __init__(self) -> None:
        super().__init__(most(), thread_name_prefix="tools")

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As always; afterwards the thread lets go of its connections."""
        return super().submit(partial(_and_let_go, fn, *args, **kwargs))


def most() -> int:
    """How many threads may ask for a connection at once: as many as Python would start, if the pools have as many."""
    usual = min(32, (os.cpu_count() or 1) + 4)
    pools = [connections.settings[alias].get("OPTIONS", {}).get("pool") for alias in connections]
    return max(1, min([usual, *(_size(pool) - SPARE for pool in pools if pool)]))


def let_go() -> None:
    """Close this thread's connections, unless it is in the middle of a transaction.

    A thread ends unseen, and a pool would never get back what it lent to it.
    """
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


async def let_go_of_queries(context: ThreadSensitiveContext) -> None:
    """The same for the thread on which Django's asynchronous queries of this context ran, if any did."""
    if context in SyncToAsync.context_to_thread_executor:
        await sync_to_async(let_go)()


def _and_let_go(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    try:
        return function(*args, **kwargs)
    finally:
        let_go()


def _size(pool: Any) -> int:
    given = pool if isinstance(pool, dict) else {}
    return int(given.get("max_size") or given.get("min_size", PSYCOPG_POOL))
