"""Catches the SDK's spans in memory, so that tests can read them and none leaves the machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from agents import Span, Trace, TracingProcessor
from agents.tracing import get_trace_provider


class Recorder(TracingProcessor):
    """Keeps what each finished span says."""

    def __init__(self) -> None:
        self.spans: list[dict[str, Any]] = []

    def on_span_end(self, span: Span[Any]) -> None:
        self.spans.append((span.export() or {})["span_data"])

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The spans of one kind, in the order they ended."""
        return [span for span in self.spans if span["type"] == kind]

    def on_trace_start(self, trace: Trace) -> None: ...
    def on_trace_end(self, trace: Trace) -> None: ...
    def on_span_start(self, span: Span[Any]) -> None: ...
    def shutdown(self) -> None: ...
    def force_flush(self) -> None: ...


@contextmanager
def recorded() -> Iterator[Recorder]:
    """Put a recorder in the place of all trace processors, and put them back."""
    provider, recorder = get_trace_provider(), Recorder()
    before = provider._multi_processor._processors  # the SDK can set its processors but not tell them
    provider.set_processors([recorder])
    try:
        yield recorder
    finally:
        provider.set_processors(list(before))
