"""One event loop per process, kept for good and shared by all its runs; and each run's own thread for what must wait.

A loop per advance would break every client that an agent's author keeps, since connections die with their loop; a loop
per thread would need a client, and a pool of connections, for each run. What an advance leaves behind must not outlive
it, nor take along what belongs to another: its tasks, threads and database connections are counted as its own.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextvars import Context, ContextVar
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, TypeVar
from weakref import WeakSet

from asgiref.sync import ThreadSensitiveContext

from agents_runtime.sdk.threads import ToolThreads, let_go, query_here

logger = logging.getLogger(__name__)
T = TypeVar("T")
GRACE = 10.0
"""Seconds that cancelled tasks get to end; one that refuses is left behind."""
IDLE = 0.05
"""Seconds without a question after which the waiting thread lends its database connection to others."""
_starting = threading.Lock()
_kept: tuple[int, asyncio.AbstractEventLoop] | None = None


@dataclass(eq=False)
class _Advance:
    """What one advance has for itself on the loop it shares."""

    jobs: SimpleQueue[Callable[[], None] | None] = field(default_factory=SimpleQueue)
    threads: Executor = field(default_factory=ToolThreads)
    tasks: WeakSet[asyncio.Task[Any]] = field(default_factory=WeakSet)


_advance: ContextVar[_Advance | None] = ContextVar("foureyes_advance", default=None)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run it on the process's loop, and meanwhile do here what `call_back` asks for. Leaves no task behind."""
    mine = _Advance()
    token = _advance.set(mine)
    try:
        future = asyncio.run_coroutine_threadsafe(_alone(work, mine), loop())  # the task inherits the context
    finally:
        _advance.reset(token)
    future.add_done_callback(lambda _: mine.jobs.put(None))
    try:
        while (job := _next(mine.jobs)) is not None:
            job()
    except BaseException:  # this thread was told to stop
        future.cancel()
        raise
    return future.result()


async def call_back(function: Callable[..., T], *args: Any) -> T:
    """Call the function on the thread that waits in `run`."""
    here, mine = asyncio.get_running_loop(), _advance.get()
    assert mine is not None, "only what `run` runs can call back"
    done: asyncio.Future[T] = here.create_future()

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
            here.call_soon_threadsafe(settle, None, error)
        else:
            here.call_soon_threadsafe(settle, result, None)

    mine.jobs.put(job)
    return await done


def loop() -> asyncio.AbstractEventLoop:
    """The loop of this process; it is made when first asked for, since no thread survives the fork of a worker."""
    global _kept
    with _starting:
        if _kept is None or _kept[0] != os.getpid():
            made = _SharedLoop()
            made.set_task_factory(_counted)
            threading.Thread(target=_serve, args=(made,), name="agents", daemon=True).start()
            _kept = (os.getpid(), made)
        return _kept[1]


class _SharedLoop(asyncio.SelectorEventLoop):
    """A loop on which every advance has threads of its own: a tool that hangs holds up no other run."""

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        """As always; work for the default executor goes to the threads of the advance that asks."""
        mine = _advance.get()
        if executor is None and mine is not None:
            return super().run_in_executor(mine.threads, func, *args)
        return super().run_in_executor(executor, func, *args)


def _counted(loop: asyncio.AbstractEventLoop, work: Any, **more: Any) -> asyncio.Task[Any]:
    context: Context | None = more.get("context")
    mine = _advance.get() if context is None else context.get(_advance)
    task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, **more)
    if mine is not None:
        mine.tasks.add(task)
    return task


def _next(jobs: SimpleQueue[Callable[[], None] | None]) -> Callable[[], None] | None:
    try:
        return jobs.get(timeout=IDLE)
    except Empty:
        let_go()  # the model thinks, for seconds: many such threads share few connections
        return jobs.get()


async def _alone(work: Coroutine[Any, Any, T], mine: _Advance) -> T:
    """The work, which ends with all that it began."""
    try:
        async with ThreadSensitiveContext() as context:
            query_here(context)
            return await work
    finally:
        if stragglers := set(mine.tasks) - {asyncio.current_task()}:
            for task in stragglers:
                task.cancel()
            await asyncio.wait(stragglers, timeout=GRACE)
        mine.threads.shutdown(wait=False)


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    while True:
        try:
            loop.run_forever()
        except BaseException as error:  # asyncio lets SystemExit through; it belongs to the task that raised it
            logger.warning("a task ended with %r; the loop goes on", error)
