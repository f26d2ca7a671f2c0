"""One step of a run's timeline, and how each noun becomes one. Pure: rows in, steps out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reviews import meanings
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
    edited = row.verdict == Verdict.EDIT
    facts: dict[str, Any] = {"about": asked, "changes": Comparison(asked.proposal, row.replacement) if edited else None}
    title = f"{name_of(row.decided_by)} {voted(row, asked)}"
    if row.round < asked.round:
        icon, tone, facts["voided"] = "circle-x", "idle", True
    return Step(f"step-decision-{row.pk}", "decision", row.created_at, title, icon, tone, row=row, facts=facts)


def voted(row: Decision, asked: Intervention) -> str:
    """What somebody did by their verdict: where several must agree it is a vote, which alone does nothing."""
    did = deed(asked.kind, row.outcome, asked.subject)
    if not asked.votes:
        return did
    return meanings.voted(asked.kind, row.verdict, asked.subject) or f"voted, and thereby {did}"


def secret_vote(row: Decision) -> Step:
    """That somebody voted; the reader is yet to vote without knowing who or what."""
    title = f"A reviewer voted on {row.intervention.subject}"
    return Step(f"step-decision-{row.pk}", "note", row.created_at, title, "user-check", "idle")


NOTES: dict[str, tuple[str, str, str]] = {  # event → title, icon, tone; what stands in braces is filled in
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
    "intervention.assigned": ("{actor} assigned the question to {to}", "user-check", "idle"),
    "intervention.unassigned": ("{actor} gave the question back to the queue", "user-minus", "idle"),
    "intervention.escalated": ("{actor} escalated the question to level {level}", "arrow-up-right", "wait"),
    "intervention.de_escalated": ("{actor} brought the question down to level {level}", "arrow-back-up", "idle"),
    "intervention.snoozed": ("{actor} put the question aside for a while", "clock", "idle"),
    "intervention.woken": ("The question came back to whom it is assigned", "clock", "idle"),
    "intervention.extended": ("{actor} gave the question more time", "hourglass", "caution"),
    "intervention.asked_back": ("{actor} asked {of} for more; the clock stands", "message-question", "wait"),
    "intervention.answered_back": ("{actor} answered; the clock goes on", "message", "idle"),
    "intervention.ask_back_withdrawn": ("{actor} needs no answer any more; the clock goes on", "message", "idle"),
    "intervention.ask_back_lapsed": ("{of} did not answer in time; the clock goes on", "hourglass", "wait"),
    "claim.expired": ("{held_by}'s claim ran out; the question is back in the queue", "user-minus", "idle"),
    "intervention.votes_voided": (
        "{actor} put something else to the vote; earlier votes count no more",
        "refresh",
        "caution",
    ),
    "intervention.demand_raised": ("A stricter rule covers the edit and asks for more{risk}", "users", "caution"),
    "intervention.nobody_left": ("Nobody who is there may vote any more, and it is not settled", "users", "wait"),
    "intervention.decided": ("The vote was settled", "users", "idle"),
    "intervention.reminded": ("{people} reminded: the question still waits", "send", "idle"),
    "intervention.reviewers_added": ("{called_in} called in to decide as well", "users", "wait"),
    "intervention.priority_raised": ("The question was put before all others", "flag", "wait"),
    "intervention.webhook_owed": ("Other programs are told that the question waits", "send", "idle"),
    "intervention.overdue": ("The answer is late", "clock", "wait"),
    "intervention.expiry_postponed": (
        "The clock had stood still, so there is more time to answer",
        "hourglass",
        "idle",
    ),
    "intervention.kept_waiting": ("Time ran out; the question goes on waiting", "hourglass", "wait"),
    "intervention.expired": ("Time ran out: nobody had decided", "hourglass", "bad"),
    "escalation.no_target": ("Nobody was there to {do}; the next step was taken", "alert-triangle", "wait"),
    "escalation.replaced": ("The policy of time could not be used; that of the risk holds", "alert-triangle", "wait"),
    "escalation.adopted": ("No timer rang for the question; it has its moments again", "clock", "wait"),
    "decision.late": ("{actor} decided too late; it has no effect", "history", "caution"),
    "intervention.cancelled": ("The question was withdrawn", "circle-x", "idle"),
    "notice.given_up": ("A message about this run could not be delivered and was given up", "alert-triangle", "wait"),
    "notice.sent_again": ("{actor} had a message that was given up sent again", "message", "idle"),
    UNKNOWN: ("The run ended while {tool} ran; nobody knows whether it happened", "help-circle", "wait"),
    "tool_call.finished_late": (
        "{tool} finished after the run had ended; the agent never read what came back",
        "bolt",
        "caution",
    ),
}
PEOPLE = ("to", "of", "held_by", "people", "called_in")
"""Keys of an event's data that name somebody, or several, by their user names."""
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
    words = {
        "tool": row.data.get("tool", "a tool"),
        "level": row.data.get("level", "?"),
        "do": row.data.get("do", "act"),
        "risk": f"; its risk is {row.data['risk']} now" if row.data.get("risk") else "",
    }
    people = {key: ", ".join(names.get(name, name) for name in _listed(row, key)) or "somebody" for key in PEOPLE}
    told = title.format(**words, **people, actor=actor)
    return Step(f"step-event-{row.pk}", "note", at, told, icon, tone, row=row)


def named_in(row: Event) -> Iterator[str]:
    """The user names that its note may name."""
    yield row.actor
    yield from (name for key in PEOPLE for name in _listed(row, key))


def _listed(row: Event, key: str) -> list[str]:
    said = row.data.get(key)
    return [name for name in (said if isinstance(said, list) else [said]) if isinstance(name, str) and name]


RETRY = "Retry starts a new run with the same request; this one stays as it is."
NEXT = {  # code of a failure → what to do about it
    "max_turns": "Retry with a narrower request, or give the agent more turns where it is registered.",
    "model_error": "See that the model's address, key and limits are in order, then retry.",
    "model_behavior": "Models do not always answer alike: retry.",
    "tool_error": "Mend what made the tool fail, then retry.",
    "guardrail": "The agent's own guardrail refused. Change the request before you start it again.",
    "workers_lost": "Look into the workers' logs of that time, then retry.",
    "repeated_proposal": "Say in the request, or in the agent's instructions, what the reviewers missed; then retry.",
    "review_expired": "See who was there to decide, and give the rule more time or more people; then retry.",
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
