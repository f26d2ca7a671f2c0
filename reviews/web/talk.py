"""The conversation so far: what was asked of the agent, what it called, what people decided, what came back.

Read from our own rows. The SDK's saved state stays closed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from reviews.actors import name_of
from reviews.models import Decision, Intervention, Run, ToolCall
from reviews.states import Ruling, ToolCallStatus, deed
from reviews.web import texts

MOST = 100
"""Lines shown after the request, the newest."""
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


@dataclass(frozen=True)
class Talk:
    """What was asked, how many lines after it are left out, and the newest ones."""

    request: Entry
    earlier: int
    entries: list[Entry]


def so_far(run: Run, asked: Intervention) -> Talk:
    """Return what happened in the run before and around the question, in order; the question itself is left out."""
    said = Decision.objects.deciding().filter(intervention__run=run).exclude(intervention=asked)
    joined = said.select_related("intervention", "decided_by")
    decisions = list(joined.defer("intervention__schema", "intervention__policy").order_by("-id")[:MOST])
    told = run.tool_calls.exclude(Q(pk=asked.tool_call_id)) if asked.is_open else run.tool_calls.all()
    calls = list(told.defer("schema").order_by("-id")[:MOST])
    entries = [entry for call in reversed(calls) for entry in _of_call(call, asked)]
    entries += [entry for decision in reversed(decisions) for entry in _of_decision(decision)]
    entries.sort(key=lambda entry: entry.at)
    unread = said.count() - MOST if len(decisions) == MOST else 0
    if len(calls) == MOST:
        unread += _lines(told.filter(pk__lt=calls[-1].pk), asked)
    request = Entry(run.created_at, "user", _starter(run), "asked", texts.cut(run.input))
    return Talk(request, unread + len(entries[:-MOST]), entries[-MOST:])


def _lines(calls: QuerySet[ToolCall], asked: Intervention) -> int:
    """How many lines the calls would make, without reading them."""
    answered = Q(finished_at__isnull=False, started_at__isnull=False)
    refused = Q(status=ToolCallStatus.REFUSED, started_at=None, ruling=Ruling.REFUSED)
    called = Count("pk", filter=~Q(pk=asked.tool_call_id))
    counted = calls.aggregate(called=called, ended=Count("pk", filter=answered | refused))
    return int(counted["called"] + counted["ended"])


def _starter(run: Run) -> str:
    return name_of(run.started_by) if run.started_by else "The system"


def _of_call(call: ToolCall, asked: Intervention) -> Iterator[Entry]:
    if call.pk != asked.tool_call_id:
        yield Entry(call.created_at, "robot", call.agent, f"called {call.tool}", _json(call.proposed), is_code=True)
    elif asked.is_open:
        return
    if call.status == ToolCallStatus.REFUSED and not call.started_at and call.ruling == Ruling.REFUSED:
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
