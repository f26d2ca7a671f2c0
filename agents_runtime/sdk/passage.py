"""One advance on its way through the gate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from agents import FunctionTool

from agents_runtime.sdk import bridge
from agents_runtime.sdk.ports import Desk
from agents_runtime.sdk.recall import Recall, Recalled

T = TypeVar("T")
E = TypeVar("E", bound=Exception)


@dataclass
class Passage:
    """Whom to ask, what the gate knows, and what went wrong behind the SDK's back."""

    desk: Desk
    originals: dict[tuple[str, str], FunctionTool] = field(default_factory=dict)
    ungated: frozenset[str] = frozenset()
    errors: dict[str, str] = field(default_factory=dict)
    trouble: Exception | None = None
    recall: Recall = field(default_factory=Recall)
    sent: set[str] = field(default_factory=set)
    _under_way: int = 0
    _task: asyncio.Task[Any] | None = None

    async def ask(self, question: Callable[..., T], *args: Any) -> T:
        """Ask the desk on the worker's thread; what it refuses is remembered, since the SDK may swallow it."""
        try:
            with self.finishing():
                return await bridge.call_back(question, *args)
        except Exception as trouble:
            self.failed(trouble)
            raise

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The work, until it ends or is recalled: a model that still thinks is not waited for. Raises Recalled."""
        loop = asyncio.get_running_loop()
        task: asyncio.Task[T] = loop.create_task(work)
        self._task = task
        try:
            with self.recall.heard_by(partial(loop.call_soon_threadsafe, self._give_up)):
                return await task
        except asyncio.CancelledError:
            if self.trouble is not None:
                raise self.trouble from None
            raise
        finally:
            self._task = None

    @contextmanager
    def finishing(self) -> Iterator[None]:
        """What happens in this block may have an effect, and comes to its end even if the advance is recalled."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            self._give_up()

    def require_owned(self) -> None:
        """Raises Recalled once the advance is to end; nothing new should begin."""
        if self.recall.why:
            raise self.failed(Recalled(self.recall.why))

    def failed(self, trouble: E) -> E:
        """Remember the first thing that went wrong; hands it back to be raised."""
        self.trouble = self.trouble or trouble
        return trouble

    def _give_up(self) -> None:
        is_free = not self._under_way and not self.sent  # what was sent to the provider runs there
        if self.recall.why and is_free and self._task is not None and not self._task.done():
            self.failed(Recalled(self.recall.why))
            self._task.cancel()


passage: ContextVar[Passage] = ContextVar("foureyes_passage")
