"""What stands in the database, in the world outside and in people's notes once nothing moves any more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from reviews import audit
from reviews.audit import Broken
from reviews.models import AuditEntry, Decision, Event, Intervention, Run, ToolCall
from tests.chaos import outside
from tests.chaos.people import Notes, Said

Row = dict[str, Any]


@dataclass
class Facts:
    """Plain values, so that a check is a function of them."""

    runs: dict[str, Row]
    calls: dict[str, Row]
    decisions: dict[str, Row]
    open_questions: list[Row] = field(default_factory=list)
    effects: list[Row] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    submitted: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    book: str = ""
    book_seqs: list[int] = field(default_factory=list)
    history: list[tuple[int, str, str]] = field(default_factory=list)


def gather(notes: Notes) -> Facts:
    """Read everything."""
    verified = audit.verify()
    runs = Run.objects.values("id", "agent", "input", "status", "result", "error_code", "error", "lease")
    calls = ToolCall.objects.values(
        "id", "run_id", "call_id", "tool", "status", "proposed", "executed", "output", "error", "is_agent", "idempotent"
    )
    decisions = Decision.objects.values(
        "intervention_id", "verdict", "replacement", "decided_by__username", "intervention__tool_call_id"
    )
    questions = Intervention.objects.open().values("id", "run_id", "kind", "tool_call_id")
    return Facts(
        runs={str(row["id"]): row for row in runs},
        calls={f"{row['run_id']}:{row['call_id']}": row for row in calls},
        decisions={str(row["intervention_id"]): row for row in decisions},
        open_questions=list(questions),
        effects=outside.effects(),
        said=notes.said,
        submitted=notes.submitted,
        stopped=notes.stopped,
        faults=notes.faults,
        book=verified.problem if isinstance(verified, Broken) else "",
        book_seqs=list(AuditEntry.objects.exclude(run="").order_by("seq").values_list("seq", flat=True)),
        history=[(seq, str(run), kind) for seq, run, kind in Event.objects.values_list("seq", "run_id", "kind")],
    )
