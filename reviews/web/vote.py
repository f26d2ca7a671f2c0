"""What the review pane shows of a vote in which several decide, and of what it must not show yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User

from reviews import access
from reviews.actions import quorum
from reviews.actions.verdicts import Said
from reviews.actors import listed, name_of
from reviews.models import Decision, Intervention
from reviews.states import InterventionStatus, Verdict
from reviews.web import diff, texts, wording


@dataclass(frozen=True)
class Vote:
    """One vote as its line shows it; ``voided_by`` is who put something else to the vote since."""

    row: Decision
    voided_by: str


def context(user: User, item: Intervention) -> dict[str, Any]:
    """Return the votes they may know of, what came of them, and what is put to the vote; two queries at most."""
    rows = list(item.decisions.select_related("decided_by"))
    for row in rows:
        row.intervention = item
    ballot = quorum.Ballot(item, item.round, tuple(row for row in rows if row.round == item.round))
    deciding = ballot.deciding if item.status == InterventionStatus.DECIDED else []
    hidden = access.blind(user, [item])
    known = [row for row in rows if not hidden or row.decided_by_id == user.pk]
    return {
        "decision": deciding[-1] if deciding else None,
        "deciders": listed(row.decided_by for row in deciding) if deciding else "",
        "votes": [Vote(row, _voided_by(row, rows, hidden=bool(hidden))) for row in known] if item.needed > 1 else [],
        "votes_are_hidden": bool(hidden),
        "motion": _motion(ballot, user) if item.is_open else None,
        "then": wording.after_own_vote(item) if ballot_of(user, ballot) else "",
        "vote_row": wording.what_votes_do(item),
    }


def ballot_of(user: User, ballot: quorum.Ballot) -> bool:
    """Whether theirs is among the votes of the open round."""
    return ballot.intervention.is_open and any(row.decided_by_id == user.pk for row in ballot.votes)


def _voided_by(row: Decision, rows: list[Decision], *, hidden: bool) -> str:
    if row.round == row.intervention.round:
        return ""
    edit = next(other for other in rows if other.round == row.round + 1)
    return access.SOMEBODY.lower() if hidden else name_of(edit.decided_by)


def _motion(ballot: quorum.Ballot, user: User) -> dict[str, Any] | None:
    """What is put to the vote in place of the agent's proposal: it has to be seen, its author not."""
    moved = ballot.motion
    if moved is None:
        return None
    said, proposal = ballot.under_vote, ballot.intervention.proposal
    return {
        "title": wording.put_to_vote(said.verdict, is_own=moved.decided_by_id == user.pk),
        "changes": diff.Comparison(proposal, said.replacement) if said.verdict == Verdict.EDIT else None,
        "text": _text(said),
    }


def _text(said: Said) -> str:
    return texts.written(said.replacement, indent=2) if said.verdict in (Verdict.OVERRIDE, Verdict.ANSWER) else ""
