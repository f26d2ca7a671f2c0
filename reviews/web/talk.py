"""The conversation so far: what was asked of the agent, what it called, what people decided, what came back.

Read from our own rows. The SDK's saved state stays closed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reviews.actors import name_of
from reviews.models import Decision, Intervention, Run, ToolCall
from reviews.states import ToolCallStatus, deed
from reviews.web import texts

ONE_LINE = 90
"""Characters up to which arguments are shown on one line."""


@dataclass(frozen=True)
class Entry:
    """One line of the conversation; ``body`` is untrusted text."""

    at: datetime
    icon: str
    who: str
    what: str
    body: str
    is_code: bool = False


def so_far(run: Run, asked: Intervention) -> list[Entry]:
    """Return what happened in the run before and around the question, in order; the question itself is left out."""
    calls = list(run.tool_calls.all())
    decisions = list(
        Decision.objects.filter(intervention__run=run)
        .exclude(intervention=asked)
        .select_related("intervention", "decided_by")
    )
    request = Entry(run.created_at, "user", _starter(run), "asked", texts.cut(run.input))
    entries: list[Entry] = []
    for call in calls:
        entries += _of_call(call, asked)
    for decision in decisions:
        entries += _of_decision(decision)
    return [request, *sorted(entries, key=lambda entry: entry.at)]  # a fork remembers what is older than itself


def _starter(run: Run) -> str:
    return name_of(run.started_by) if run.started_by else "The system"


def _of_call(call: ToolCall, asked: Intervention) -> Iterator[Entry]:
    if call.pk != asked.tool_call_id:
        yield Entry(call.created_at, "robot", call.agent, f"called {call.tool}", _json(call.proposed), is_code=True)
    elif asked.is_open:
        return
    if call.status == ToolCallStatus.REFUSED and not call.started_at and call.ruling == "refused":
        yield Entry(call.created_at, "ban", "The policy", f"refused {call.tool}", texts.cut(call.why))
    elif call.finished_at and call.started_at:
        failed = call.status == ToolCallStatus.FAILED
        text = call.error if failed else _text(call.output)
        is_code = text.startswith(("{", "["))
        yield Entry(call.finished_at, "tool", call.tool, "failed" if failed else "returned", texts.cut(text), is_code)


def _of_decision(decision: Decision) -> Iterator[Entry]:
    asked = decision.intervention
    said = [decision.note, decision.context]
    if decision.replacement is not None:
        said.insert(0, _text(decision.replacement))
    name, did = name_of(decision.decided_by), deed(asked.kind, decision.outcome, asked.subject)
    yield Entry(decision.created_at, "user-check", name, did, texts.cut("\n".join(filter(None, said))))


def _text(value: Any) -> str:
    return "" if value is None else texts.written(value, indent=2)


def _json(value: Any) -> str:
    short = texts.written(value)
    return short if len(short) <= ONE_LINE else texts.cut(_text(value))
