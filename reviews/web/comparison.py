"""A dry run beside the run it was tried on: what was said, what was called since, and what it came to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reviews.actors import listed, name_of
from reviews.models import Checkpoint, Decision, Run, ToolCall, Trial
from reviews.models.intervention import digest_of
from reviews.web import texts
from reviews.web.steps import compact

MOST = 100
"""Calls shown of each run."""


@dataclass(frozen=True)
class Line:
    """One call of one side; ``is_same`` where the other side made the same and read the same."""

    call: ToolCall
    arguments: str
    output: str
    is_same: bool


@dataclass(frozen=True)
class Side:
    """One of the two runs, from the question on."""

    name: str
    run: Run
    said: Decision | Trial | None
    who: str
    lines: list[Line]
    left_out: int
    is_same_end: bool


def of(dry: Run) -> dict[str, Any]:
    """Everything the page shows."""
    trial, original = dry.trial, dry.fork_of
    assert original is not None  # a dry run is a fork
    question = trial.intervention
    then, now = _calls(original, question.checkpoint), _calls(dry, question.checkpoint)
    deciding = list(question.decisions.deciding().select_related("decided_by"))
    same_end = (original.status, original.result, original.error) == (dry.status, dry.result, dry.error)
    deciders = listed(one.decided_by for one in deciding)
    left = Side("What happened", original, deciding[-1], deciders, *_lines(then, now), same_end)
    right = Side("Dry run", dry, trial, name_of(trial.tried_by), *_lines(now, then), same_end)
    return {"run": dry, "question": question, "sides": [left, right], "goes_on": not (dry.ended and original.ended)}


def _calls(run: Run, since: Checkpoint) -> list[ToolCall]:
    return list(run.tool_calls.filter(created_at__gte=since.created_at).defer("schema").order_by("id"))


def _lines(calls: Sequence[ToolCall], others: Sequence[ToolCall]) -> tuple[list[Line], int]:
    known = {_essence(call) for call in others}
    lines = [_line(call, is_same=_essence(call) in known) for call in calls[:MOST]]
    return lines, len(calls) - len(lines)


def _line(call: ToolCall, *, is_same: bool) -> Line:
    shown = call.proposed if call.executed is None else call.executed
    said = call.error or compact(call.output) if call.output is not None or call.error else ""
    return Line(call, texts.cut(compact(shown)), texts.cut(said), is_same)


def _essence(call: ToolCall) -> tuple[str, str, str]:
    shown = call.proposed if call.executed is None else call.executed
    return call.tool, digest_of(shown), json.dumps(call.output, sort_keys=True)
