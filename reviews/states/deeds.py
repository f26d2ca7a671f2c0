"""What outcomes are called, and the deeds that led to them."""

from reviews.states.questions import Kind
from reviews.states.verdicts import Outcome

OWN_LABELS: dict[tuple[str, str], str] = {
    (Kind.QUESTION, Outcome.REJECTED): "Declined",
    (Kind.FINAL_OUTPUT, Outcome.APPROVED): "Released",
    (Kind.FINAL_OUTPUT, Outcome.EDITED): "Released with edits",
    (Kind.FINAL_OUTPUT, Outcome.REJECTED): "Sent back",
    (Kind.UNKNOWN_OUTCOME, Outcome.APPROVED): "Run again",
    (Kind.UNKNOWN_OUTCOME, Outcome.OVERRIDDEN): "Taken as done",
    (Kind.UNKNOWN_OUTCOME, Outcome.REJECTED): "Run ended",
}
"""What the outcomes of a kind are called where its buttons have words of their own."""
DEEDS: dict[tuple[str, str], str] = {
    ("", Outcome.APPROVED): "approved {it}",
    ("", Outcome.EDITED): "approved {it} with edits",
    ("", Outcome.OVERRIDDEN): "wrote the output of {it}",
    ("", Outcome.REJECTED): "rejected {it}",
    ("", Outcome.ANSWERED): "answered {it}",
    (Kind.QUESTION, Outcome.REJECTED): "declined {it}",
    (Kind.FINAL_OUTPUT, Outcome.APPROVED): "released {it}",
    (Kind.FINAL_OUTPUT, Outcome.EDITED): "released {it} with edits",
    (Kind.FINAL_OUTPUT, Outcome.REJECTED): "sent {it} back",
    (Kind.UNKNOWN_OUTCOME, Outcome.APPROVED): "had {it} run again",
    (Kind.UNKNOWN_OUTCOME, Outcome.OVERRIDDEN): "took {it} as done",
    (Kind.UNKNOWN_OUTCOME, Outcome.REJECTED): "ended the run because of {it}",
}
"""The same after a person's name; what has no words of its kind has those of any kind."""


def outcome_label(kind: str, outcome: str) -> str:
    """What the outcome of a question of that kind is called; empty where there is none yet."""
    return OWN_LABELS.get((kind, outcome)) or (str(Outcome(outcome).label) if outcome else "")


def deed(kind: str, outcome: str, it: str) -> str:
    """What somebody did to ``it`` by the verdict: "approved issue_refund with edits"."""
    return (DEEDS.get((kind, outcome)) or DEEDS["", outcome]).format(it=it)
