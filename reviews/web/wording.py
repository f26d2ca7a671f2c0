"""What the desk calls a verdict on each kind of question, and what it says will happen next."""

from __future__ import annotations

from dataclasses import dataclass

from reviews.actions import timers
from reviews.actions.attempts import Effect
from reviews.meanings import means
from reviews.models import Intervention
from reviews.states import Kind, ToolCallStatus, Verdict

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
    def key(self) -> str:
        """The key that leads to its button where none is the main one; it does not press it."""
        return {A: "a", O: "o", J: "r"}.get(self.verdict, "")

    @property
    def asks(self) -> str:
        """The id of the field that its button first leads into while that is empty; see asks.js."""
        if self.kind != Kind.UNKNOWN_OUTCOME:
            return self.hint and "id_note"
        return {O: "id_output", J: "id_reason"}.get(self.verdict, "")

    @property
    def hint(self) -> str:
        """What then stands beside that field."""
        if (self.kind, self.verdict) == (Kind.UNKNOWN_OUTCOME, O):
            return WHAT_CAME_BACK.format(label=self.label)
        return HINTS[self.kind].format(label=self.label) if self.verdict == J else ""


LABELS: dict[tuple[str, str], str] = {
    (Kind.TOOL_APPROVAL, A): "Approve",
    (Kind.TOOL_APPROVAL, E): "Approve with edits",
    (Kind.TOOL_APPROVAL, O): "Override",
    (Kind.TOOL_APPROVAL, J): "Reject",
    (Kind.QUESTION, W): "Send the answer",
    (Kind.QUESTION, J): "Decline",
    (Kind.FINAL_OUTPUT, A): "Release",
    (Kind.FINAL_OUTPUT, E): "Release with edits",
    (Kind.FINAL_OUTPUT, J): "Send back",
    (Kind.UNKNOWN_OUTCOME, A): "Run it again",
    (Kind.UNKNOWN_OUTCOME, O): "It happened",
    (Kind.UNKNOWN_OUTCOME, J): "End the run",
}
HINTS: dict[str, str] = {
    Kind.TOOL_APPROVAL: "Tell the agent why, or press {label} again to reject without feedback.",
    Kind.QUESTION: "Tell the agent why, or press {label} again to decline without feedback.",
    Kind.FINAL_OUTPUT: "Tell the agent what to change: without feedback nothing is sent back.",
    Kind.UNKNOWN_OUTCOME: "Tell your colleagues why, or press {label} again to end the run without a reason.",
}
WHAT_CAME_BACK = "Write what came back, as far as you know: the agent reads it. Then press “{label}” once more."
ASKED_FOR: dict[str, str] = {
    Kind.TOOL_APPROVAL: "What the agent wants to do",
    Kind.QUESTION: "What the agent asks",
    Kind.FINAL_OUTPUT: "What the agent wants to hand out",
    Kind.UNKNOWN_OUTCOME: "What may have happened",
}


AGREE: dict[str, str] = {
    E: "Approve the edit",
    O: "Agree with this output",
    W: "Agree with this answer",
}
PUT_TO_VOTE: dict[str, tuple[str, str]] = {
    A: ("The agent's own proposal is under vote again", "You put the agent's own proposal to the vote again"),
    E: ("An edit is under vote", "Your edit is under vote"),
    O: ("An output is under vote, in place of the call", "Your output is under vote, in place of the call"),
    W: ("An answer is under vote", "Your answer is under vote"),
}
"""What stands above it for the others, and for its author."""


def put_to_vote(verdict: str, *, is_own: bool) -> str:
    """The heading of what a reviewer put to the vote."""
    return PUT_TO_VOTE[verdict][is_own]


def what_votes_do(item: Intervention) -> str:
    """How many have to agree, and what ends the vote; nothing where one is enough."""
    if item.needed == 1:
        return ""
    against = f"{item.needed_against} rejections reject it" if item.needed_against > 1 else "one rejection rejects it"
    return (
        f"{item.needed} people must agree, each without seeing the others' votes; {against}. An edit, an override or "
        "an answer is put to the vote in place of the proposal, and the votes before it count no more."
    )


def after_own_vote(item: Intervention) -> str:
    """What happens after one's own vote."""
    return (
        f"{item.progress}. It stays open until enough colleagues have voted; they see that somebody voted, not who or "
        "what. If one of them edits it, your vote counts no more and you may vote again."
    )


def options(item: Intervention, under_vote: str = A) -> list[Option]:
    """The verdicts that may be given on the item, as the desk words them; to approve is to agree to ``under_vote``."""
    agree = {A: AGREE[under_vote]} if under_vote in AGREE else {}
    return [
        Option(
            item.kind,
            verdict,
            agree.get(verdict) or LABELS[item.kind, verdict],
            means(item.kind, verdict, item.tool, under_vote=under_vote),
        )
        for verdict in item.verdicts
    ]


def ran_before(effect: Effect) -> str:
    """What became of the same call elsewhere, before the name of its run."""
    what = "This" if effect.has_same_arguments else "The same call"
    if effect.written_by:
        return f"{what} was taken as done"
    return {
        ToolCallStatus.DONE: f"{what} already ran",
        ToolCallStatus.FAILED: f"{what} was tried and failed",
        ToolCallStatus.STARTED: f"{what} has already begun",
    }.get(ToolCallStatus(effect.call.status), f"{what} began, and nobody knows whether it happened,")


def asked_for(item: Intervention) -> str:
    """The heading above the proposal."""
    return ASKED_FOR[item.kind]


def at_due_time(item: Intervention) -> str:
    """The truth about what the clock does to the item."""
    if item.expires_at is None:
        return "Nothing by itself: it is shown as overdue and waits until somebody decides. It does not expire."
    end = timers.escalation_of(item).final
    return (
        f"It is shown as overdue. If nobody decides, it expires at {item.expires_at:%d %b %Y %H:%M} UTC, then: {end}."
    )
