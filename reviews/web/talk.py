"""The conversation so far: what was asked of the agent, what it called, what people decided, what came back.

Read from our own rows. The SDK's saved state stays closed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, Q, QuerySet

from reviews.actions import attempts
from reviews.actors import name_of
from reviews.models import Decision, Intervention, Run, ToolCall
from reviews.states import Kind, Outcome, Ruling, ToolCallStatus, deed
from reviews.web import texts

MOST = 100
"""Lines shown after the request, the newest."""
HEAVY = ("intervention__schema", "intervention__policy", "intervention__tool_call__schema")
ONE_LINE = 90
"""Characters up to which arguments are shown on one line."""


@dataclass(frozen=True)
class Entry:
    """One line of the conversation; ``body`` is untrusted text. A copied one happened before the run was forked."""

    at: datetime
    icon: str
    who: str
    what: str
    body: str
    is_code: bool = False
    is_copied: bool = False


@dataclass(frozen=True)
class Talk:
    """What was asked, how many lines after it are left out, and the newest ones."""

    request: Entry
    earlier: int
    entries: list[Entry]


def so_far(run: Run, asked: Intervention) -> Talk:
    """Return what happened in the run before and around the question, in order; the question itself is left out."""
    said = Decision.objects.deciding().filter(intervention__run=run).exclude(intervention=asked)
    joined = said.select_related("intervention__tool_call", "decided_by")
    decisions = list(joined.defer(*HEAVY).order_by("-id")[:MOST])
    told = run.tool_calls.exclude(Q(pk=asked.tool_call_id)) if asked.is_open else run.tool_calls.all()
    calls = list(told.defer("schema").order_by("-id")[:MOST])
    line = attempts.lineage(run, retries=False)
    is_taken = asked.kind == Kind.UNKNOWN_OUTCOME and asked.outcome == Outcome.OVERRIDDEN
    written = attempts.written(run) if line or is_taken else _written(decisions)
    entries = [entry for call in reversed(calls) for entry in _of_call(call, asked, written.get(call.call_id))]
    entries += [entry for decision in reversed(decisions) for entry in _of_decision(decision)]
    if line:
        entries = [replace(entry, is_copied=entry.at < run.created_at) for entry in entries]
        entries.append(_forked(run, line[0]))
    entries.sort(key=lambda entry: entry.at)
    unread = said.count() - MOST if len(decisions) == MOST else 0
    if len(calls) == MOST:
        unread += _lines(told.filter(pk__lt=calls[-1].pk), asked)
    first = line[-1] if line else run
    request = Entry(first.created_at, "user", _starter(first), "asked", texts.cut(run.input), is_copied=bool(line))
    return Talk(request, unread + len(entries[:-MOST]), entries[-MOST:])


def _forked(run: Run, source: Run) -> Entry:
    """Where the copied lines end; what follows is this run's own."""
    did = f"ran it again from checkpoint {run.forked_at} of run {str(source.pk)[:8]}"
    return Entry(run.created_at, "git-branch", _starter(run), did, "")


def _written(decisions: list[Decision]) -> dict[str, User]:
    """Who said of a call that it had happened, and wrote what came back; of ``decisions``, the newest first."""
    asked = [one for one in decisions if one.intervention.kind == Kind.UNKNOWN_OUTCOME]
    taken = [one for one in asked if one.intervention.outcome == Outcome.OVERRIDDEN == one.outcome]
    return {one.intervention.tool_call.call_id: one.decided_by for one in taken if one.intervention.tool_call}


def _lines(calls: QuerySet[ToolCall], asked: Intervention) -> int:
    """How many lines the calls would make, without reading them."""
    answered = Q(finished_at__isnull=False, started_at__isnull=False)
    refused = Q(status=ToolCallStatus.REFUSED, started_at=None, ruling=Ruling.REFUSED)
    called = Count("pk", filter=~Q(pk=asked.tool_call_id))
    counted = calls.aggregate(called=called, ended=Count("pk", filter=answered | refused))
    return int(counted["called"] + counted["ended"])


def _starter(run: Run) -> str:
    return name_of(run.started_by) if run.started_by else "The system"


def _of_call(call: ToolCall, asked: Intervention, written_by: User | None) -> Iterator[Entry]:
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
        did = f"counts as done: {name_of(written_by)} wrote the output" if written_by else "returned"
        yield Entry(call.finished_at, "tool", call.tool, "failed" if failed else did, texts.cut(text), is_code)


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
