"""One thread that reads for all open pages of a process, over a connection it keeps while anybody listens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection

P = ParamSpec("P")
T = TypeVar("T")
SPARE = 3
"""Connections that a small pool leaves to pages; a process with fewer gives its own back after each look."""


class Reader:
    """Nothing else waits for this thread and it waits for nobody, so a bell is answered at once."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reader")

    async def read(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do it there, and once more if the connection turns out to be lost. ``work`` only reads."""

        def attempt() -> T:
            try:
                return _twice(lambda: work(*args, **kwargs))
            finally:
                if not _keeps():
                    connection.close()

        return await asyncio.get_running_loop().run_in_executor(self._thread, attempt)

    async def close(self) -> None:
        """Give the connection back and end the thread."""
        await asyncio.get_running_loop().run_in_executor(self._thread, lambda: connection.close())
        await asyncio.to_thread(self._thread.shutdown)


def _twice(work: Callable[[], T]) -> T:
    was_open = connection.connection is not None
    try:
        return work()
    except (OperationalError, InterfaceError):
        connection.close()
        if not was_open:
            raise
        return work()


def _keeps() -> bool:
    pool: Any = connection.settings_dict.get("OPTIONS", {}).get("pool")
    return not isinstance(pool, dict) or pool.get("max_size", SPARE) > SPARE
