"""Threads on which tools run, and how many of the process's database connections they may hold between them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import SyncToAsync, ThreadSensitiveContext
from django.db import OperationalError, connections

P = ParamSpec("P")
T = TypeVar("T")
SPARE = 4
"""Connections that no tool gets: those of the worker's own writing, of its heartbeat and of the tracer."""
PATIENCE = 30.0
"""Seconds that a tool waits until another one gives a connection back."""
PSYCOPG_POOL = 4
"""How large psycopg makes a pool whose size is not given."""
_lent: dict[str, threading.BoundedSemaphore] = {}
_making = threading.Lock()


class ToolThreads(ThreadPoolExecutor):
    """Threads that take no connection the worker needs, and keep none after a job."""

    def __init__(self, most: int | None = None) -> None:
        super().__init__(most, thread_name_prefix="tools", initializer=_hold_back)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As always; afterwards the thread lets go of its connections."""
        return super().submit(partial(_and_let_go, fn, *args, **kwargs))


def query_here(context: ThreadSensitiveContext) -> None:
    """Let Django's asynchronous queries of this context run on a thread like those of its tools.

    There is one per context, since a transaction cannot move from thread to thread; it starts with the first query.
    """
    if SyncToAsync.thread_sensitive_context.get(None) is context:  # not so within another's: that one ends it
        SyncToAsync.context_to_thread_executor[context] = ToolThreads(1)


def most(alias: str) -> int | None:
    """How many connections tools may hold at once; None where nothing limits them."""
    pool = connections.settings[alias].get("OPTIONS", {}).get("pool")
    return max(1, _size(pool) - SPARE) if pool else None


def let_go() -> None:
    """Close this thread's connections, unless it is in the middle of a transaction.

    A thread ends unseen, and a pool would never get back what it lent to it.
    """
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


def _hold_back() -> None:
    """Count what this thread borrows: the pool itself would lend its last connection to whoever asks first."""
    for connection in connections.all():
        if (limit := most(connection.alias)) is not None:
            with _making:
                slots = _lent.setdefault(connection.alias, threading.BoundedSemaphore(limit))
            _count(connection, slots)


def _count(connection: Any, slots: threading.BoundedSemaphore) -> None:
    """Shadows two methods of this thread's own wrapper: Django says when it has connected, not when it is about to."""
    opening, closing = connection.get_new_connection, connection._close

    def get_new_connection(params: Any) -> Any:
        if not slots.acquire(timeout=PATIENCE):
            raise OperationalError(
                f"Tools hold all the connections to {connection.alias!r} that they may, and none came back within "
                f"{PATIENCE:.0f} s. Let tools end their queries sooner, or raise DATABASE_CONNECTIONS."
            )
        try:
            return opening(params)
        except BaseException:
            slots.release()
            raise

    def close() -> None:
        if connection.connection is not None:
            try:
                closing()
            finally:
                slots.release()

    connection.get_new_connection = get_new_connection
    connection._close = close


def _and_let_go(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    try:
        return function(*args, **kwargs)
    finally:
        let_go()


def _size(pool: Any) -> int:
    given = pool if isinstance(pool, dict) else {}
    return int(given.get("max_size") or given.get("min_size", PSYCOPG_POOL))
