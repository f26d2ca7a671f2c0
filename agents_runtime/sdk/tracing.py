"""The SDK's traces, kept in our own rows and never sent to the network."""

from __future__ import annotations

import json
import logging
import os
import queue
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from agents.tracing import Span, Trace, TracingProcessor, set_trace_processors
from django.db import connections

from reviews.actions.spans import Traced
from reviews.actions.text import storable

logger = logging.getLogger(__name__)
KEPT_TEXT = 20_000
"""Characters kept of one span's data; a longer one is cut and says so."""
BATCH = 200
LINGER = 0.25
"""Seconds the first step of a batch waits for company: a quick agent's steps are then written together, and once."""


class Recorder(TracingProcessor):
    """Takes spans on the event loop without waiting and writes them in a thread of its own.

    The ORM refuses to work on the loop's thread, and the SDK would swallow its refusal.
    """

    def __init__(self, keep: Callable[[Sequence[Traced]], object]) -> None:
        self._keep = keep
        self._queue: queue.Queue[Traced] = queue.Queue()
        self._starting = threading.Lock()
        self._hurry = threading.Event()
        self._pid: int | None = None

    def on_trace_start(self, trace: Trace) -> None:
        """Nothing: a trace is known by its run."""

    def on_trace_end(self, trace: Trace) -> None:
        """Nothing: it ends with every pause and starts again after it."""

    def on_span_start(self, span: Span[Any]) -> None:
        """Keep the step as begun, so that a page shows it while it lasts."""
        self._put(span)

    def on_span_end(self, span: Span[Any]) -> None:
        """Keep the step as ended."""
        self._put(span)

    def shutdown(self) -> None:
        """Write what is left."""
        self.force_flush()

    def force_flush(self) -> None:
        """Return once everything put so far is written."""
        if self._pid == os.getpid():
            self._hurry.set()
            self._queue.join()
            self._hurry.clear()

    def _put(self, span: Span[Any]) -> None:
        self._start()
        self._queue.put(_traced(span))

    def _start(self) -> None:
        with self._starting:
            if self._pid != os.getpid():  # a thread does not survive the fork of a worker
                self._pid, self._queue, self._hurry = os.getpid(), queue.Queue(), threading.Event()
                threading.Thread(target=self._write, args=(self._queue, self._hurry), name="spans", daemon=True).start()

    def _write(self, waiting: queue.Queue[Traced], hurry: threading.Event) -> None:
        while True:
            batch = [waiting.get()]
            hurry.wait(LINGER)
            while len(batch) < BATCH and not waiting.empty():
                batch.append(waiting.get())
            try:
                self._keep(batch)
            except Exception:
                logger.exception("%d traced steps could not be kept", len(batch))
            finally:
                if waiting.empty():
                    connections.close_all()
                for _ in batch:
                    waiting.task_done()


def record_with(keep: Callable[[Sequence[Traced]], object]) -> Recorder:
    """Make a recorder the only trace processor of this process: the SDK's own exporter is gone."""
    recorder = Recorder(keep)
    set_trace_processors([recorder])
    return recorder


def _traced(span: Span[Any]) -> Traced:
    data = span.span_data.export() or {}
    return Traced(
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_id=span.parent_id or "",
        kind=span.span_data.type,
        name=storable(str(data.get("name") or data.get("model") or span.span_data.type)),
        started_at=_moment(span.started_at),
        ended_at=_moment(span.ended_at),
        data=_bounded(data),
        error=_bounded(dict(span.error)) if span.error else None,
    )


def _bounded(data: dict[str, Any]) -> dict[str, Any]:
    """The data as any database takes it: one step that it refused would cost the whole batch."""
    text = json.dumps(data, default=str, ensure_ascii=False)
    if len(text) <= KEPT_TEXT:
        return dict(storable(json.loads(text)))
    usage = json.loads(json.dumps(data.get("usage"), default=str))
    cut = f"{len(text):,} characters, the first {KEPT_TEXT:,} kept"
    return {"cut": cut, "text": storable(text[:KEPT_TEXT]), "usage": storable(usage)}


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
