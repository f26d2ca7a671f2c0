"""A vote that nobody can settle: a tie, or fewer people than it takes."""

from __future__ import annotations

from django.utils import timezone

from reviews import access
from reviews.actions import eligibility, notices, timers
from reviews.actions.quorum import Ballot
from reviews.actions.targets import MOST
from reviews.actors import SYSTEM
from reviews.audit import Act
from reviews.states import NoticeKind

SAYS = (
    "A question is put to the vote and not settled, and nobody who is there may vote on it any more: "
    "give somebody a seat in its queue, or stop its run."
)


def helped(vote: Ballot) -> list[Act]:
    """After a vote that left a locked question open: where nobody is left, its next people are called in now.

    The admins are told, for those may have voted too. Returns the acts to record.
    """
    item = vote.intervention
    if eligibility.there(item).exclude(pk__in=[one.decided_by_id for one in vote.votes]).exists():
        return []
    is_escalated = timers.hurry(item, timezone.now())
    key = f"nobody-left:{item.pk}:{item.version}"
    notices.owe(item, NoticeKind.WATCHDOG, access.admins()[:MOST], key=key, says=SAYS, team=False)
    data = {"round": vote.round, "votes": vote.counted, "escalated": is_escalated}
    return [Act("intervention.nobody_left", SYSTEM, item.run, item, data)]
