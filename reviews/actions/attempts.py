"""What is known of a call beside its row: who began it, who wrote its output, and where the same already ran."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import F

from reviews import access
from reviews.models import Decision, Event, Intervention, Run, ToolCall
from reviews.models.intervention import digest_of
from reviews.states import Kind, Outcome, ToolCallStatus, Verdict

UNKNOWN = "tool_call.unknown"
"""The line of the book that tells of an attempt whose end nobody knows."""
BEGAN = frozenset({ToolCallStatus.DONE, ToolCallStatus.FAILED, ToolCallStatus.STARTED, ToolCallStatus.UNKNOWN})
WRITTEN = {Outcome.OVERRIDDEN: Verdict.OVERRIDE, Outcome.ANSWERED: Verdict.ANSWER}
FARTHEST = 20
"""Runs looked at, back from a fork or a retry to where it all began."""
LOOKED_AT = 200
"""Calls of the tool that are compared, the newest."""
SHOWN = 5


@dataclass(frozen=True)
class Effect:
    """A call of an earlier run that asked for the same, and began; ``written_by`` is who wrote its output, if any."""

    call: ToolCall
    has_same_arguments: bool
    written_by: User | None

    @property
    def arguments(self) -> Any:
        """What it ran with."""
        return _arguments(self.call)


def account(run: Run, call: ToolCall) -> dict[str, Any]:
    """What the book keeps of an attempt that had begun and never came back."""
    took = run.events.filter(kind__in=("run.started", "run.resumed"), at__lte=call.started_at).last()
    return {
        "call_id": call.call_id,
        "tool": call.tool,
        "executed": _arguments(call),
        "started_at": call.started_at.isoformat() if call.started_at else None,
        "worker": took.data.get("worker", "") if took else "",
        "idempotency_key": call.idempotency_key,
    }


def asked_about(question: Intervention) -> dict[str, Any] | None:
    """That account of the attempt which a question is about; asks the database only for a question of that kind."""
    if question.kind != Kind.UNKNOWN_OUTCOME:
        return None
    told = Event.objects.filter(intervention=question, kind=UNKNOWN).values_list("data", flat=True).first()
    call = question.tool_call
    return told or (account(question.run, call) if call else None)


def lineage(run: Run, *, retries: bool = True) -> list[Run]:
    """The runs it was forked from, or is a retry of, the nearest first; one query for each."""
    found: list[Run] = []
    at = run
    while (parent := at.fork_of_id or (at.retry_of_id if retries else None)) and len(found) < FARTHEST:
        at = Run.objects.select_related("started_by").defer("result").get(pk=parent)
        found.append(at)
    return found


def written(run: Run) -> dict[str, User]:
    """Who wrote the output of a call in place of its tool, by call id; also of calls that a fork has copied."""
    found = {call_id: author for (_, call_id), author in _written([run]).items()}
    if run.fork_of_id:
        copied = set(run.tool_calls.filter(finished_at__lt=run.created_at).values_list("call_id", flat=True))
        theirs = _written(lineage(run, retries=False))
        found |= {call_id: author for (_, call_id), author in theirs.items() if call_id in copied}
    return found


def already_ran(question: Intervention, viewer: User | None = None) -> list[Effect]:
    """The same call where it began in a run that this one goes on from or repeats, the newest first.

    ``viewer`` is whose eyes it is for: runs that they may not read tell them nothing. Nobody in particular reads all.
    """
    run, call = question.run, question.tool_call
    if call is None or question.kind == Kind.QUESTION or not (run.fork_of_id or run.retry_of_id):
        return []
    line = lineage(run)
    before = _readable(line, viewer)
    began = ToolCall.objects.filter(run__in=before, tool=call.tool, is_agent=False, status__in=BEGAN)
    rows = began.filter(started_at__gte=F("run__created_at")).defer("schema").order_by("-id")[:LOOKED_AT]
    forked, same = _forked(run, line), {question.digest, digest_of(call.proposed)}
    found = [
        (row, is_same)
        for row in rows
        if (is_same := digest_of(_arguments(row)) in same) or (row.call_id == call.call_id and row.run_id in forked)
    ][:SHOWN]
    authors = _written(before) if found else {}
    return [Effect(row, is_same, authors.get((row.run_id, row.call_id))) for row, is_same in found]


def _readable(line: list[Run], viewer: User | None) -> list[Run]:
    if viewer is None or not line:
        return line
    theirs = set(access.visible_runs(viewer).filter(pk__in=[one.pk for one in line]).values_list("pk", flat=True))
    return [one for one in line if one.pk in theirs]


def _forked(run: Run, line: list[Run]) -> set[UUID]:
    """Those of the line from which it went on without a retry between them: there, one call id means one call."""
    found = set()
    for at, parent in zip([run, *line], line, strict=False):
        if at.fork_of_id != parent.pk:
            break
        found.add(parent.pk)
    return found


def _written(runs: list[Run]) -> dict[tuple[UUID, str], User]:
    """The author is who put it to the vote, the first of its round; the others agreed."""
    closed = Decision.objects.deciding().filter(intervention__run__in=runs, intervention__tool_call__isnull=False)
    said = closed.filter(intervention__outcome__in=WRITTEN, verdict__in=WRITTEN.values()).order_by("-id")
    rows = said.select_related("decided_by", "intervention__tool_call").defer("intervention__schema")
    return {
        (one.intervention.run_id, one.intervention.tool_call.call_id): one.decided_by
        for one in rows
        if one.intervention.tool_call and WRITTEN[Outcome(one.intervention.outcome)] == one.verdict
    }


def _arguments(call: ToolCall) -> Any:
    return call.proposed if call.executed is None else call.executed
