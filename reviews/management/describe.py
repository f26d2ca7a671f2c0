"""Runs and questions as a person reads them in a terminal, written from their shapes."""

from __future__ import annotations

from reviews.management import text
from reviews.meanings import told
from reviews.shapes import Shape
from reviews.states import OWN_LABELS, Kind

EVENTS = 20
"""Lines of a run's history that a person is shown."""

LAST = "If it is rejected once more and the agent proposes it again, nobody is asked: the run ends as failed."


def run(shape: Shape) -> str:
    """A run: where it stands, what came of it, its calls, its questions, the end of its history."""
    return text.sections(
        summary(shape),
        text.titled("Input", text.block(shape["input"])),
        text.titled("Result", text.block(shape["result"]) if shape["result"] is not None else ""),
        text.titled("Tool calls", _calls(shape["tool_calls"])),
        text.titled("Questions", questions(shape["interventions"])),
        text.titled("Checkpoints", _checkpoints(shape["checkpoints"])),
        text.titled("Forks", "\n".join(shape["forks"])),
        text.titled("History", _history(shape["events"])),
    )


def summary(shape: Shape) -> str:
    """The head of a run."""
    return text.fields(
        [
            ("Run", shape["id"]),
            (
                "Agent",
                f"{shape['agent']} {shape['agent_version']}" + (" (scripted model)" if shape["scripted"] else ""),
            ),
            ("Queue", shape["queue"]),
            ("Status", shape["status"] + _pausing(shape)),
            ("Error", shape["error"]),
            ("Started by", shape["started_by"] or "system"),
            ("Retry of", shape["retry_of"]),
            ("Forked from", _origin(shape["forked_from"])),
            ("Dry run", "yes: no tool runs and nobody is asked" if shape["dry_run"] else ""),
            ("Created", text.clock(shape["created_at"])),
            ("Finished", text.clock(shape["finished_at"])),
        ]
    )


def question(shape: Shape) -> str:
    """A question: why it is asked, what is proposed, what was said, or how to say it."""
    return text.sections(
        text.fields(
            [
                ("Question", shape["id"]),
                ("Title", shape["title"]),
                ("Why", shape["why"]),
                ("Run", f"{shape['run']} ({shape['run_status']})"),
                ("Agent", shape["agent"]),
                ("Asked by", shape["asked_by"] if shape["asked_by"] != shape["agent"] else ""),
                ("Tool", shape["tool"]),
                ("Risk", shape["risk"]),
                ("Queue", shape["queue"]),
                ("Status", _standing(shape)),
                ("Approvals", approvals(shape)),
                ("Claimed by", shape["claimed_by"]),
                ("Assigned to", shape["assignee"]),
                ("Level", str(shape["level"] or "")),
                ("Due", text.clock(shape["due_at"])),
            ]
        ),
        _proposal(shape),
        _under_vote(shape),
        text.titled("The attempt whose end nobody knows", _attempt(shape["attempt"])),
        text.titled("Already ran, before this run", "\n\n".join(map(_effect, shape["already_ran"]))),
        text.titled("Rejected before, in this run", _rejections(shape["rejected_before"])),
        LAST if shape["is_last"] else "",
        text.titled("Decisions", _decisions(shape["decisions"])),
        text.titled("What each verdict does", _meanings(shape)),
        f"Decide: manage.py decide {text.short(shape['id'])} {'|'.join(shape['verdicts'])} --as USERNAME"
        if shape["verdicts"]
        else "",
    )


def decided(shape: Shape) -> str:
    """A question just voted on: what was said, and where its run is now."""
    did = "Decided" if shape["outcome"] else f"Vote recorded, {approvals(shape)}"
    return text.sections(
        f"{did}: {text.one_line(shape['title'])}",
        _decisions(shape["decisions"][-1:]),
        f"The run is {text.one_line(shape['run_status'])}. Follow it with: manage.py show {text.short(shape['run'])}",
    )


def approvals(shape: Shape) -> str:
    """How far a vote has come, "1 of 2"; nothing where one is enough."""
    needed, given = shape["approvals"]["needed"], shape["approvals"]["given"]
    return f"{given} of {needed}" if needed > 1 else ""


def questions(shapes: list[Shape]) -> str:
    """A run's questions, one a line."""
    if not shapes:
        return ""
    rows = [(text.short(q["id"]), _standing(q), q["risk"], q["title"]) for q in shapes]
    return text.table(("ID", "STATUS", "RISK", "QUESTION"), rows)


def _standing(shape: Shape) -> str:
    """Where a question stands; its outcome also in the words of its kind, where these are others."""
    own = OWN_LABELS.get((shape["kind"], shape["outcome"]), "").lower()
    return f"{shape['outcome']}: {own}" if own else str(shape["outcome"] or shape["status"])


def _proposal(shape: Shape) -> str:
    proposed = shape["arguments"]
    if shape["kind"] == Kind.FINAL_OUTPUT and isinstance(proposed, dict):
        return text.titled("Output", text.block(proposed.get("output")))
    if shape["kind"] == Kind.QUESTION and isinstance(proposed, dict):
        choices = [f"- {text.one_line(choice)}" for choice in proposed.get("options") or []]
        return text.titled("The agent asks", text.block("\n".join([text.one_line(proposed.get("question")), *choices])))
    return text.titled("Arguments", text.block(proposed))


def _under_vote(shape: Shape) -> str:
    moved = shape["under_vote"]
    return (
        text.titled(f"Put to the vote instead: {moved['verdict']}", text.block(moved["replacement"])) if moved else ""
    )


def _rejections(rejections: list[Shape]) -> str:
    if not rejections:
        return ""
    rows = [(text.short(one["intervention"]), text.clock(one["at"]), one["by"], one["note"]) for one in rejections]
    return text.table(("QUESTION", "AT", "BY", "SAYING"), rows)


def _meanings(shape: Shape) -> str:
    """The verdicts of a question, each with what comes of it."""
    carries = {"edit": " --arguments", "override": " --output", "answer": " --answer"}
    if shape["kind"] == Kind.FINAL_OUTPUT:
        carries["edit"] = " --output"
    told = ((f"  {name}{carries.get(name, '')}", sentence) for name, sentence in shape["means"].items())
    return text.fields(told)


def _attempt(attempt: Shape | None) -> str:
    if attempt is None:
        return ""
    return text.fields(
        [
            ("  Worker", attempt["worker"] or "not known"),
            ("  Began", text.clock(attempt["started_at"])),
            ("  Idempotency key", attempt["idempotency_key"]),
        ]
    )


def _effect(ran: Shape) -> str:
    return text.fields(
        [
            ("  Run", ran["run"]),
            ("  Began", text.clock(ran["started_at"])),
            ("  Status", _status(ran)),
            ("  Arguments", ran["arguments"]),
            ("  Output", ran["error"] or ran["output"]),
        ]
    )


def _status(call: Shape) -> str:
    """What became of a call, and who wrote its output, if a person did."""
    return f"{call['status']}, output by {call['output_by']}" if call["output_by"] else str(call["status"])


def _calls(calls: list[Shape]) -> str:
    if not calls:
        return ""
    rows = [
        (
            call["tool"],
            _status(call),
            call["proposed"] if call["executed"] is None else call["executed"],
            call["output"],
        )
        for call in calls
    ]
    return text.table(("TOOL", "STATUS", "ARGUMENTS", "OUTPUT"), rows)


def _decisions(decisions: list[Shape]) -> str:
    return "\n".join(
        text.fields(
            [
                ("  Verdict", f"{said['verdict']} by {said['by']} on {text.clock(said['at'])}"),
                ("  Means", said["means"]),
                ("  Replacement", said["replacement"]),
                ("  Note", said["note"]),
                ("  Context", said["context"]),
                ("  Reason", said["reason"]),
            ]
        )
        for said in decisions
    )


def _history(events: list[Shape]) -> str:
    if not events:
        return ""
    earlier = f"\n({len(events) - EVENTS} earlier lines; --json has them)" if len(events) > EVENTS else ""
    rows = [(line["seq"], text.clock(line["at"]), _happened(line), line["actor"]) for line in events[-EVENTS:]]
    return text.table(("SEQ", "AT", "WHAT", "BY"), rows) + earlier


def _happened(line: Shape) -> str:
    said = told(str(line["data"].get("kind", "")), line["kind"].rpartition(".")[2])
    return f"{line['kind']}: {said}" if said else str(line["kind"])


def _origin(origin: Shape | None) -> str:
    return f"checkpoint {origin['checkpoint']} of {origin['run']}" if origin else ""


def _checkpoints(saved: list[Shape]) -> str:
    if not saved:
        return ""
    rows = [(one["number"], text.clock(one["created_at"]), "asked a person" if one["asked"] else "") for one in saved]
    return text.table(("NUMBER", "AT", ""), rows)


def _pausing(shape: Shape) -> str:
    when = {"running": ", will pause at its next gate", "awaiting_review": ", will pause after the decision"}
    return when.get(shape["status"], "") if shape["hold"] else ""
