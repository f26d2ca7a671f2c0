"""Keeping the traced steps of runs."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from reviews import events
from reviews.actions.text import storable
from reviews.models import Run, Span
from reviews.models.writes import upsert

CHANGING = ["parent_id", "kind", "name", "started_at", "ended_at", "data", "error"]

REMEMBERED = 1000
"""Runs whose traces a process knows by heart."""
_runs: dict[str, UUID] = {}
_remembering = threading.Lock()


@dataclass(frozen=True)
class Traced:
    """One step of a trace as the SDK told it; told again, it replaces what was kept."""

    trace_id: str
    span_id: str
    parent_id: str
    kind: str
    name: str
    started_at: datetime | None
    ended_at: datetime | None
    data: Mapping[str, Any] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None


def expect(*traces: tuple[str, UUID]) -> None:
    """Remember to which runs these traces belong, so that their first steps need not ask; the oldest are forgotten."""
    with _remembering:
        _runs.update(traces)
        while len(_runs) > REMEMBERED:
            del _runs[next(iter(_runs))]


def keep(steps: Sequence[Traced]) -> int:
    """Store the steps of known runs, the newest telling of each; returns how many."""
    newest = {step.span_id: step for step in steps}
    traces = {step.trace_id for step in newest.values()}
    if unknown := traces - _runs.keys():
        expect(*Run.objects.filter(trace_id__in=unknown).values_list("trace_id", "pk"))
    rows = [_row(step, _runs[step.trace_id]) for step in newest.values() if step.trace_id in _runs]
    upsert(rows, unique="span_id", changing=CHANGING)
    for run_id in {row.run_id for row in rows}:
        events.publish(events.Traced(run_id))
    return len(rows)


def _row(step: Traced, run_id: Any) -> Span:
    return Span(
        run_id=run_id,
        span_id=step.span_id,
        trace_id=step.trace_id,
        parent_id=step.parent_id,
        kind=step.kind[:40],
        name=storable(step.name)[:200],
        started_at=step.started_at,
        ended_at=step.ended_at,
        data=storable(dict(step.data)),
        error=storable(dict(step.error)) if step.error else None,
    )
