"""The one table of moves between statuses."""

from reviews.states.policies import PolicyStatus
from reviews.states.questions import InterventionStatus
from reviews.states.runs import RunStatus

R, Q, P = RunStatus, InterventionStatus, PolicyStatus


class IllegalMove(Exception):
    """A status was asked to move where the table of moves has no arrow."""


RUN_MOVES: dict[str, frozenset[str]] = {
    R.QUEUED: frozenset({R.RUNNING, R.PAUSED, R.FAILED, R.CANCELLED}),
    R.RUNNING: frozenset({R.QUEUED, R.AWAITING_REVIEW, R.PAUSED, R.COMPLETED, R.FAILED, R.CANCELLED}),
    R.AWAITING_REVIEW: frozenset({R.QUEUED, R.PAUSED, R.FAILED, R.CANCELLED}),
    R.PAUSED: frozenset({R.QUEUED, R.CANCELLED}),
    R.COMPLETED: frozenset(),
    R.FAILED: frozenset(),
    R.CANCELLED: frozenset(),
}
INTERVENTION_MOVES: dict[str, frozenset[str]] = {
    Q.PENDING: frozenset({Q.PENDING, Q.CLAIMED, Q.DECIDED, Q.EXPIRED, Q.CANCELLED}),
    Q.CLAIMED: frozenset({Q.PENDING, Q.CLAIMED, Q.DECIDED, Q.EXPIRED, Q.CANCELLED}),
    Q.DECIDED: frozenset(),
    Q.EXPIRED: frozenset(),
    Q.CANCELLED: frozenset(),
}
POLICY_MOVES: dict[str, frozenset[str]] = {
    P.DRAFT: frozenset({P.SHADOW, P.ACTIVE, P.RETIRED}),
    P.SHADOW: frozenset({P.ACTIVE, P.RETIRED}),
    P.ACTIVE: frozenset({P.RETIRED}),
    P.RETIRED: frozenset(),
}
