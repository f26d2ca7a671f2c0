"""One event loop per worker thread, kept for good, and the thread itself for what must not run on a loop.

A loop per advance would break every client that an agent's author keeps: its connections die with their loop.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from queue import SimpleQueue
from typing import Any, TypeVar

from asgiref.sync import ThreadSensitiveContext

from agents_runtime.sdk.threads import ToolThreads, let_go_of_queries

logger = logging.getLogger(__name__)
T = TypeVar("T")
Jobs = SimpleQueue[Callable[[], None] | None]
GRACE = 10.0
"""Seconds that cancelled tasks get to end; one that refuses is left behind."""
_kept = threading.local()
_jobs: ContextVar[Jobs] = ContextVar("foureyes_jobs")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run it on this thread's loop, and meanwhile do here what `call_back` asks for. Leaves no task behind."""
    jobs: Jobs = SimpleQueue()
    token = _jobs.set(jobs)
    try:
        future = asyncio.run_coroutine_threadsafe(_alone(work), _loop())  # the task inherits the context
    finally:
        _jobs.reset(token)
    future.add_done_callback(lambda _: jobs.put(None))
    try:
        while (job := jobs.get()) is not None:
            job()
    except BaseException:  # this thread was told to stop
        future.cancel()
        raise
    return future.result()


async def call_back(function: Callable[..., T], *args: Any) -> T:
    """Call the function on the thread that waits in `run`."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def job() -> None:
        try:
            result = function(*args)
        except BaseException as error:
            loop.call_soon_threadsafe(settle, None, error)
        else:
            loop.call_soon_threadsafe(settle, result, None)

    _jobs.get().put(job)
    return await done


async def _alone(work: Coroutine[Any, Any, T]) -> T:
    """The work with threads of its own, whose database connections end with it, and without stragglers."""
    threads = ToolThreads()
    asyncio.get_running_loop().set_default_executor(threads)
    try:
        async with ThreadSensitiveContext() as context:  # the thread on which Django's asynchronous queries run
            try:
                return await work
            finally:
                await let_go_of_queries(context)
    finally:
        if stragglers := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in stragglers:
                task.cancel()
            await asyncio.wait(stragglers, timeout=GRACE)
        threads.shutdown(wait=False)


def _loop() -> asyncio.AbstractEventLoop:
    pid, loop = getattr(_kept, "loop", (None, None))
    if pid != os.getpid() or loop is None:  # no thread survives the fork of a worker
        loop = asyncio.new_event_loop()
        threading.Thread(target=_serve, args=(loop,), name="agents", daemon=True).start()
        _kept.loop = (os.getpid(), loop)
    return loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    while True:
        try:
            loop.run_forever()
        except BaseException as error:  # asyncio lets SystemExit through; it belongs to the task that raised it
            logger.warning("a task ended with %r; the loop goes on", error)
