"""Several people decide one question: what is put to the vote, which votes count, and when they settle it.

A vote on the agent's proposal is cast in round 1. Whoever edits, overrides or answers puts that to the vote instead,
in a new round, with their own vote as its first; the votes of earlier rounds stay in the history and count no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from reviews.actions import voters
from reviews.actions.verdicts import AS_PROPOSED, Said
from reviews.models import Decision, Intervention, Saved
from reviews.states import OUTCOME_OF, InterventionStatus, Verdict


@dataclass(frozen=True)
class Ballot:
    """The votes of one round on one question, in order."""

    intervention: Intervention
    round: int = 1
    votes: tuple[Decision, ...] = ()

    @property
    def motion(self) -> Decision | None:
        """The vote that put something else than the agent's proposal to the vote; None in the first round."""
        return self.votes[0] if self.round > 1 and self.votes else None

    @property
    def under_vote(self) -> Said:
        """What agreeing would come to."""
        moved = self.motion
        return Said(moved.verdict, replacement=moved.replacement) if moved else AS_PROPOSED

    @property
    def base(self) -> Any:
        """The arguments or the text that an edit starts from."""
        under_vote = self.under_vote
        return under_vote.replacement if under_vote.verdict == Verdict.EDIT else self.intervention.proposal

    @property
    def result(self) -> Said | None:
        """What the votes come to, with the feedback of those that decide; None while they do not suffice."""
        return together(self.deciding) if self.deciding else None

    @property
    def deciding(self) -> list[Decision]:
        """The votes that decide; none while they do not suffice."""
        against = [vote for vote in self.votes if vote.verdict == Verdict.REJECT]
        agreed = [vote for vote in self.votes if vote.verdict != Verdict.REJECT]
        if len(against) >= self.intervention.needed_against:
            return against
        return agreed if len(agreed) >= self.intervention.needed else []

    @property
    def counted(self) -> int:
        """What the desk says was given: the approvals; votes of either sort where that would tell what they were.

        Nothing where one vote is enough: that is no vote among others.
        """
        if self.intervention.needed == 1:
            return 0
        is_blind = self.intervention.needed_against > 1
        return sum(is_blind or vote.verdict != Verdict.REJECT for vote in self.votes)

    def understood(self, said: Said) -> Said:
        """What a checked verdict means here: to agree is to say what is under vote, to undo all edits to approve."""
        if said.verdict == Verdict.APPROVE:
            return replace(said, verdict=self.under_vote.verdict, replacement=self.under_vote.replacement)
        if said.verdict == Verdict.EDIT and said.replacement == self.intervention.proposal:
            return replace(said, verdict=Verdict.APPROVE, replacement=None)
        return said

    def round_of(self, meant: Said) -> int:
        """The round in which it counts: a new one where it puts something else to the vote."""
        same = (meant.verdict, meant.replacement) == (self.under_vote.verdict, self.under_vote.replacement)
        is_new = self.intervention.needed > 1 and meant.verdict != Verdict.REJECT and not same
        return self.round + 1 if is_new else self.round

    def with_vote(self, vote: Decision) -> Ballot:
        """The round as it is after that vote."""
        kept = self.votes if vote.round == self.round else ()
        return Ballot(self.intervention, vote.round, (*kept, vote))

    def settled(self) -> tuple[Said | None, Saved]:
        """Close the question if the votes suffice, and say what was decided; else leave it open, held by nobody.

        What is to be saved of it is left to the caller.
        """
        item, result = self.intervention, self.result
        changes = {"version": item.version + 1, "round": self.round, "votes": self.counted}
        if result is None:
            return None, item.moved_to(InterventionStatus.PENDING, **self._given_up(), **changes)
        closed = {"outcome": OUTCOME_OF[result.verdict], "decided_at": self.votes[-1].created_at}
        return result, item.moved_to(InterventionStatus.DECIDED, **closed, **changes)

    def _given_up(self) -> dict[str, None]:
        """What ends with a vote that leaves it open: the claim, and what was the voter's to do."""
        gone = ["claimed_by", "claimed_at", "claim_expires_at"]
        if self.intervention.assignee_id == self.votes[-1].decided_by_id:
            gone += ["assignee", "snoozed_until"]
        return dict.fromkeys(gone)


def ballot(intervention: Intervention) -> Ballot:
    """The vote as it stands; nothing is read before the first one."""
    if not intervention.votes:
        return Ballot(intervention, intervention.round)
    cast = voters.votes(intervention).select_related("decided_by").order_by("id")
    return Ballot(intervention, intervention.round, tuple(cast))


def together(votes: Sequence[Decision]) -> Said:
    """Votes that say the same as one, with everybody's feedback and messages; the reasons stay with their authors."""
    notes = "\n\n".join(vote.note for vote in votes if vote.note)
    contexts = "\n\n".join(vote.context for vote in votes if vote.context)
    return Said(votes[-1].verdict, notes, "", votes[-1].replacement, contexts)
