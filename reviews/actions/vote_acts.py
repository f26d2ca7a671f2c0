"""What the book is told of a vote: what it voided, what it said, and what it settled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reviews.actions.quorum import Ballot
from reviews.actors import Actor
from reviews.audit import Act
from reviews.models import Decision


def told(before: Ballot, after: Ballot, account: dict[str, Any]) -> list[Act]:
    """The acts of the newest vote; ``account`` is all that it said."""
    item, vote = after.intervention, after.votes[-1]
    by = Actor.of(vote.decided_by)
    acts = []
    if after.round > before.round and before.votes:
        voided = {"round": before.round, "votes": _named(before.votes)}
        acts.append(Act("intervention.votes_voided", by, item.run, item, voided))
    approvals = {"needed": item.needed, "given": after.counted}
    said = account | {"verdict": vote.verdict, "round": after.round, "approvals": approvals}
    acts.append(Act("intervention.voted", by, item.run, item, said))
    if not item.is_open:
        settled = {"outcome": item.outcome, "round": after.round, "votes": _named(after.votes)}
        acts.append(Act("intervention.decided", by, item.run, item, settled))
    return acts


def _named(votes: Sequence[Decision]) -> list[dict[str, str]]:
    return [{"by": vote.decided_by.get_username(), "verdict": vote.verdict} for vote in votes]
