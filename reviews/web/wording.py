"""What the desk calls a verdict on each kind of question, and what it says will happen next."""

from __future__ import annotations

from dataclasses import dataclass

from reviews.models import Intervention
from reviews.states import Kind, Verdict

A, E, O, J, W = Verdict.APPROVE, Verdict.EDIT, Verdict.OVERRIDE, Verdict.REJECT, Verdict.ANSWER  # noqa: E741


@dataclass(frozen=True)
class Option:
    """One verdict as a button, and its consequence in a sentence."""

    kind: str
    verdict: Verdict
    label: str
    then: str

    @property
    def view(self) -> str:
        """The view whose button this is; see ``.switch`` in review.css."""
        return {A: "approve", E: "edit", O: "override"}.get(self.verdict, "")

    @property
    def asks(self) -> str:
        """The id of the field that its button first leads into while that is empty; see asks.js."""
        return self.hint and ("id_reason" if self.kind == Kind.UNKNOWN_OUTCOME else "id_note")

    @property
    def hint(self) -> str:
        """What then stands beside that field."""
        return HINTS[self.kind].format(label=self.label) if self.verdict == J else ""


WORDS: dict[tuple[str, str], tuple[str, str]] = {
    (Kind.TOOL_APPROVAL, A): ("Approve", "{tool} runs as proposed. The agent reads its output and goes on."),
    (Kind.TOOL_APPROVAL, E): (
        "Approve with edits",
        "{tool} runs with your values instead of the agent's. The agent is told that they were changed.",
    ),
    (Kind.TOOL_APPROVAL, O): (
        "Override",
        "{tool} does not run. The agent reads the output that you write, as if the tool had returned it.",
    ),
    (Kind.TOOL_APPROVAL, J): (
        "Reject",
        "{tool} does not run. The agent reads your feedback and decides how to go on.",
    ),
    (Kind.QUESTION, W): ("Send the answer", "The agent reads your answer and goes on."),
    (Kind.QUESTION, J): ("Decline", "The agent is told that nobody will answer, reads your feedback and goes on."),
    (Kind.FINAL_OUTPUT, A): ("Release", "The output is released as the agent wrote it, and the run is complete."),
    (Kind.FINAL_OUTPUT, E): ("Release with edits", "Your text is released instead, and the run is complete."),
    (Kind.FINAL_OUTPUT, J): (
        "Send back",
        "Nothing is released. The agent reads your feedback and writes its output again.",
    ),
    (Kind.UNKNOWN_OUTCOME, A): (
        "Run it again",
        "{tool} runs again with the same values. Choose this only when you know that it did not happen.",
    ),
    (Kind.UNKNOWN_OUTCOME, O): (
        "It happened",
        "{tool} does not run again. It counts as done, and the agent reads the output that you write.",
    ),
    (Kind.UNKNOWN_OUTCOME, J): ("End the run", "{tool} does not run again, and the run ends as failed."),
}
HINTS: dict[str, str] = {
    Kind.TOOL_APPROVAL: "Tell the agent why, or press {label} again to reject without feedback.",
    Kind.QUESTION: "Tell the agent why, or press {label} again to decline without feedback.",
    Kind.FINAL_OUTPUT: "Tell the agent what to change: without feedback nothing is sent back.",
    Kind.UNKNOWN_OUTCOME: "Tell your colleagues why, or press {label} again to end the run without a reason.",
}
ASKED_FOR: dict[str, str] = {
    Kind.TOOL_APPROVAL: "What the agent wants to do",
    Kind.QUESTION: "What the agent asks",
    Kind.FINAL_OUTPUT: "What the agent wants to hand out",
    Kind.UNKNOWN_OUTCOME: "What may have happened",
}


def options(item: Intervention) -> list[Option]:
    """The verdicts that may be given on the item, as the desk words them."""
    found = [(verdict, *WORDS[item.kind, verdict]) for verdict in item.verdicts]
    return [Option(item.kind, verdict, label, then.format(tool=item.tool or "it")) for verdict, label, then in found]


def asked_for(item: Intervention) -> str:
    """The heading above the proposal."""
    return ASKED_FOR[item.kind]


def at_due_time(item: Intervention) -> str:
    """The truth about what the clock does to the item."""
    if item.expires_at is None:
        return "Nothing by itself: it is shown as overdue and waits until somebody decides. It does not expire."
    return f"It is shown as overdue, and it expires at {item.expires_at:%d %b %Y %H:%M} UTC."
