"""What each verdict does to each kind of question, in a sentence: the same for browser, terminal and programs."""

from __future__ import annotations

from reviews.states import Kind, Verdict

A, E, O, J, W = Verdict.APPROVE, Verdict.EDIT, Verdict.OVERRIDE, Verdict.REJECT, Verdict.ANSWER  # noqa: E741

MEANS: dict[tuple[str, str], str] = {
    (Kind.TOOL_APPROVAL, A): "{tool} runs as proposed. The agent reads its output and goes on.",
    (Kind.TOOL_APPROVAL, E): (
        "{tool} runs with your values instead of the agent's. The agent is told that they were changed."
    ),
    (Kind.TOOL_APPROVAL, O): (
        "{tool} does not run. The agent reads the output that you write, as if the tool had returned it."
    ),
    (Kind.TOOL_APPROVAL, J): "{tool} does not run. The agent reads your feedback and decides how to go on.",
    (Kind.QUESTION, W): "The agent reads your answer and goes on.",
    (Kind.QUESTION, J): "The agent is told that nobody will answer, reads your feedback and goes on.",
    (Kind.FINAL_OUTPUT, A): "The output is released as the agent wrote it, and the run is complete.",
    (Kind.FINAL_OUTPUT, E): "Your text is released instead, and the run is complete.",
    (Kind.FINAL_OUTPUT, J): "Nothing is released. The agent reads your feedback and writes its output again.",
    (Kind.UNKNOWN_OUTCOME, A): (
        "It did not happen: {tool} runs again with the same values. Choose this only when you know that it did not."
    ),
    (Kind.UNKNOWN_OUTCOME, O): (
        "It happened: {tool} does not run again. It counts as done, and the agent reads the output that you write."
    ),
    (Kind.UNKNOWN_OUTCOME, J): "Nobody can tell: {tool} does not run again, and the run ends as failed.",
}

AGREE: dict[str, str] = {
    E: "What your colleague put in its place counts, once enough people agree.",
    O: "{tool} does not run; the agent reads the output under vote.",
    W: "The agent reads the answer under vote and goes on.",
    "": "What is under vote counts, once enough people agree.",
}
"""What to approve does where a colleague put something else than the proposal to the vote."""

TOLD: dict[tuple[str, str], str] = {
    (Kind.QUESTION, J): "declined",
    (Kind.FINAL_OUTPUT, A): "released",
    (Kind.FINAL_OUTPUT, E): "released with edits",
    (Kind.FINAL_OUTPUT, J): "sent back",
    (Kind.UNKNOWN_OUTCOME, A): "told to run again",
    (Kind.UNKNOWN_OUTCOME, O): "taken as done",
    (Kind.UNKNOWN_OUTCOME, J): "told to end the run",
}
"""What a verdict was, where the word alone would mislead who reads a list."""


VOTED: dict[tuple[str, str], str] = {
    (Kind.UNKNOWN_OUTCOME, A): "voted to run {it} again",
    (Kind.UNKNOWN_OUTCOME, O): "voted that {it} happened",
    (Kind.UNKNOWN_OUTCOME, J): "voted to end the run because of {it}",
}
"""What a vote was for, where the verdict alone would mislead; a vote by itself does nothing yet."""


def told(kind: str, verdict: str) -> str:
    """The verdict in the words of its kind; empty where the word itself says it."""
    return TOLD.get((kind, verdict), "")


def voted(kind: str, verdict: str, it: str) -> str:
    """What somebody voted for ``it``, in the words of its kind; empty where the verdict itself says it."""
    return VOTED.get((kind, verdict), "").format(it=it)


def means(kind: str, verdict: str, tool: str, *, under_vote: str = A) -> str:
    """What comes of that verdict; empty where it cannot be given on that kind.

    To approve is to agree to ``under_vote``; where that is empty, to whatever it is.
    """
    said = AGREE.get(under_vote) if verdict == A else None
    return (said or MEANS.get((kind, verdict), "")).format(tool=tool or "it")
