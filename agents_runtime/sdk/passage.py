"""One advance on its way through the gate."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Event
from typing import Any, TypeVar

from agents import FunctionTool

from agents_runtime.sdk import bridge
from agents_runtime.sdk.errors import Failure
from agents_runtime.sdk.ports import Desk

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
    lost: Event = field(default_factory=Event)

    async def ask(self, question: Callable[..., T], *args: Any) -> T:
        """Ask the desk on the worker's thread; what it refuses is remembered, since the SDK may swallow it."""
        try:
            return await bridge.call_back(question, *args)
        except Exception as trouble:
            self.failed(trouble)
            raise

    def require_owned(self) -> None:
        """Raises Failure once the run is no longer this worker's; nothing new should begin."""
        if self.lost.is_set():
            raise self.failed(Failure("lease_lost", "The run was taken away from this worker."))

    def failed(self, trouble: E) -> E:
        """Remember the first thing that went wrong; hands it back to be raised."""
        self.trouble = self.trouble or trouble
        return trouble


passage: ContextVar[Passage] = ContextVar("foureyes_passage")
