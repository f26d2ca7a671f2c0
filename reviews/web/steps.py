"""One step of a run's timeline, and how each noun becomes one. Pure: rows in, steps out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reviews.actions.attempts import UNKNOWN
from reviews.actors import ActorType, name_of
from reviews.models import Checkpoint, Decision, Event, Intervention, Run, ToolCall
from reviews.states import Kind, RunStatus, ToolCallStatus, Verdict, deed
from reviews.web import texts
from reviews.web.diff import Comparison

LONG = 420
"""Characters of a tool's output, or of a model's words, beyond which the page folds them away."""


@dataclass(frozen=True)
class Step:
    """One dot on the rail; ``id`` stays the same from one rendering to the next, so a live page can morph."""

    id: str
    kind: str
    at: datetime
    title: str
    icon: str
    tone: str = "idle"
    depth: int = 0
    ended: datetime | None = None
    bar: str = ""
    goes_on: bool = False
    row: Any = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    offset: float = 0.0
    length: float = 0.0

    @property
    def template(self) -> str:
        """The partial that shows its body."""
        return f"reviews/runs/steps/{self.kind}.html"

    @property
    def took(self) -> float | None:
        """Seconds it lasted; None for a moment."""
        return (self.ended - self.at).total_seconds() if self.ended and self.bar else None


def request(run: Run) -> Step:
    """What the run was asked."""
    by = name_of(run.started_by) if run.started_by else "the system"
    return Step("step-request", "request", run.created_at, f"Request from {by}", "message", row=run)


def fork(run: Run) -> Step:
    """Where a fork begins."""
    return Step("step-fork", "fork", run.created_at, f"Goes on from checkpoint {run.forked_at}", "git-branch", row=run)


def earlier(hidden: Sequence[Step]) -> Step:
    """The steps that a long run's page leaves out."""
    title = f"{len(hidden):,} earlier step{'s are' if len(hidden) > 1 else ' is'} not shown"
    return Step("step-earlier", "earlier", hidden[-1].at, title, "dots")


def checkpoint(row: Checkpoint) -> Step:
    """The state was saved at a gate."""
    return Step(
        f"step-checkpoint-{row.pk}", "checkpoint", row.created_at, f"Checkpoint {row.number}", "database", row=row
    )


def tool_call(row: ToolCall, depth: int, now: datetime, written_by: str = "") -> Step:
    """A call of the ledger, from the moment it ran or was settled without running.

    ``written_by`` is the person who said that it had happened and wrote what came back.
    """
    ran = row.started_at is not None and not written_by  # how long it took, nobody knows
    at = row.created_at if row.is_agent else row.started_at or row.finished_at or row.created_at
    tone = (
        "caution"
        if written_by
        else {
            ToolCallStatus.DONE: "good",
            ToolCallStatus.STARTED: "busy",
            ToolCallStatus.FAILED: "bad",
            ToolCallStatus.REFUSED: "bad",
            ToolCallStatus.SUPPLIED: "caution",
            ToolCallStatus.UNKNOWN: "wait",
        }.get(ToolCallStatus(row.status), "idle")
    )
    shown = row.proposed if row.executed is None else row.executed
    output = compact(row.output)
    running = row.status == ToolCallStatus.STARTED
    return Step(
        f"step-call-{row.pk}",
        "tool",
        at,
        f"{'Agent' if row.is_agent else 'Tool'} call · {row.tool}",
        "robot" if row.is_agent else "bolt",
        tone,
        depth,
        ended=(now if running else row.finished_at) if ran else None,
        bar=("bad" if row.status == ToolCallStatus.FAILED else "tool") if ran else "",
        goes_on=running,
        row=row,
        facts={
            "changes": Comparison(row.proposed, row.executed) if row.executed is not None else None,
            "arguments": texts.cut(compact(shown)),
            "output": texts.cut(output),
            "is_long": len(output) > LONG,
            "is_short": bool(row.started_at or row.status == ToolCallStatus.SUPPLIED) and len(output) <= LONG,
            "waits": row.status == ToolCallStatus.APPROVED,
            "written_by": written_by,
        },
    )


def question(row: Intervention, *, opens: bool, now: datetime) -> Step:
    """The run stopped here and asked; ``opens`` says whether this reader may open the review."""
    title = {
        Kind.TOOL_APPROVAL: f"Stopped · {row.tool} needs approval",
        Kind.QUESTION: "Stopped · the agent asks a person",
        Kind.FINAL_OUTPUT: "Stopped · the output waits for release",
        Kind.UNKNOWN_OUTCOME: f"Stopped · did {row.tool} happen?",
    }[Kind(row.kind)]
    return Step(
        f"step-question-{row.pk}",
        "question",
        row.created_at,
        title,
        "message-question" if row.kind == Kind.QUESTION else "player-pause",
        "wait" if row.is_open else "idle",
        ended=now if row.is_open else row.decided_at,
        bar="wait" if row.is_open or row.decided_at else "",
        goes_on=row.is_open,
        row=row,
        facts={"opens": opens},
    )


def decision(row: Decision, asked: Intervention) -> Step:
    """What a person said, and to whom each part of it was said."""
    icon, tone = {
        Verdict.APPROVE: ("check", "good"),
        Verdict.EDIT: ("pencil", "good"),
        Verdict.OVERRIDE: ("replace", "caution"),
        Verdict.REJECT: ("x", "bad"),
        Verdict.ANSWER: ("message", "good"),
    }[Verdict(row.verdict)]
    if (asked.kind, row.verdict) == (Kind.UNKNOWN_OUTCOME, Verdict.APPROVE):
        icon, tone = "refresh", "caution"  # it is told to act again, which is no plain approval
    title = f"{name_of(row.decided_by)} {deed(asked.kind, row.outcome, asked.subject)}"
    edited = row.verdict == Verdict.EDIT
    facts = {"about": asked, "changes": Comparison(asked.proposal, row.replacement) if edited else None}
    return Step(f"step-decision-{row.pk}", "decision", row.created_at, title, icon, tone, row=row, facts=facts)


NOTES: dict[str, tuple[str, str, str]] = {  # event → title, icon, tone; {actor} and {tool} are filled in
    "run.started": ("A worker took the run", "player-play", "idle"),
    "run.resumed": ("A worker went on with the run", "player-play", "idle"),
    "run.paused": ("Paused by {actor}", "hand-stop", "caution"),
    "run.pause_requested": ("{actor} asked the run to pause", "hand-stop", "caution"),
    "run.continued": ("{actor} let the run go on", "player-play", "idle"),
    "run.worker_lost": ("The worker fell silent; the run was queued again", "alert-triangle", "wait"),
    "run.handed_back": ("The worker stopped and handed the run back; another goes on with it", "player-play", "idle"),
    "run.stopped": ("Stopped by {actor}", "player-stop", "bad"),
    "intervention.claimed": ("{actor} claimed the question", "user-check", "idle"),
    "intervention.released": ("{actor} released the question", "user-minus", "idle"),
    "intervention.cancelled": ("The question was withdrawn", "circle-x", "idle"),
    UNKNOWN: ("The run ended while {tool} ran; nobody knows whether it happened", "help-circle", "wait"),
    "tool_call.finished_late": (
        "{tool} finished after the run had ended; the agent never read what came back",
        "bolt",
        "caution",
    ),
}
LATE = "tool_call.finished_late"
"""The one event that comes after a run's end."""
LOST = ("{tool} began, and its worker fell silent; nobody knows whether it happened", "help-circle", "wait")
"""Of `tool_call.unknown`, where a person was asked about it while the run went on."""
LATE_FAILURE = ("{tool} failed after the run had ended; the agent was never told", "bolt", "bad")


def note(row: Event, names: Mapping[str, str]) -> Step:
    """A line of the run's history that no other row tells; ``names`` are what the desk calls its people."""
    title, icon, tone = LATE_FAILURE if row.kind == LATE and row.data.get("error") else NOTES[row.kind]
    at = row.at
    if row.kind == UNKNOWN and row.intervention_id:
        (title, icon, tone), at = LOST, datetime.fromisoformat(row.data["started_at"])
    actor = names.get(row.actor, row.actor) if row.actor_type == ActorType.USER else row.actor
    told = title.format(actor=actor, tool=row.data.get("tool", "a tool"))
    return Step(f"step-event-{row.pk}", "note", at, told, icon, tone, row=row)


RETRY = "Retry starts a new run with the same request; this one stays as it is."
NEXT = {  # code of a failure → what to do about it
    "max_turns": "Retry with a narrower request, or give the agent more turns where it is registered.",
    "model_error": "See that the model's address, key and limits are in order, then retry.",
    "model_behavior": "Models do not always answer alike: retry.",
    "tool_error": "Mend what made the tool fail, then retry.",
    "guardrail": "The agent's own guardrail refused. Change the request before you start it again.",
    "workers_lost": "Look into the workers' logs of that time, then retry.",
    "repeated_proposal": "Say in the request, or in the agent's instructions, what the reviewers missed; then retry.",
    "unknown_outcome": "Find out in the other system whether the call happened before you retry.",
}


def ending(run: Run, now: datetime) -> Step | None:
    """The last step: the result, the failure, or what the run is waiting for; an open question speaks for itself."""
    at = run.finished_at or now
    match run.status:
        case RunStatus.COMPLETED:
            return Step("step-end", "result", at, "Result", "circle-check", "good", row=run)
        case RunStatus.FAILED:
            facts = {"next": NEXT.get(run.error_code, RETRY)}
            return Step("step-end", "failure", at, "The run failed", "alert-triangle", "bad", row=run, facts=facts)
        case RunStatus.CANCELLED:
            return Step("step-end", "stopped", at, "The run was stopped", "player-stop", row=run)
        case RunStatus.AWAITING_REVIEW:
            return None
        case RunStatus.PAUSED:
            return Step("step-end", "working", at, "Paused", "hand-stop", "caution", row=run)
        case RunStatus.QUEUED:
            return Step("step-end", "working", at, "Waiting for a worker", "clock", row=run)
    return Step("step-end", "working", at, "The agent is at work", "loader-2", "busy", row=run)


def compact(value: Any) -> str:
    """JSON on one line, also where a tool gave it as text; other text as it is."""
    said = texts.read(value) if isinstance(value, str) else value
    shown = texts.written(said)
    return value if shown == texts.TOO_DEEP and isinstance(value, str) else shown
