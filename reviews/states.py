"""Every status in the house and the one table of moves between them."""

from django.db import models


class IllegalMove(Exception):
    """A status was asked to move where the table of moves has no arrow."""


class RunStatus(models.TextChoices):
    """Where one execution of an agent stands."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    AWAITING_REVIEW = "awaiting_review", "Waiting for review"
    PAUSED = "paused", "Paused"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Stopped"


class InterventionStatus(models.TextChoices):
    """Where one question to humans stands; what came of it is its outcome."""

    PENDING = "pending", "Pending"
    CLAIMED = "claimed", "Claimed"
    DECIDED = "decided", "Decided"
    EXPIRED = "expired", "Expired"
    CANCELLED = "cancelled", "Cancelled"


class Outcome(models.TextChoices):
    """What came of a closed question."""

    APPROVED = "approved", "Approved"
    EDITED = "edited", "Approved with edits"
    OVERRIDDEN = "overridden", "Overridden"
    REJECTED = "rejected", "Rejected"
    ANSWERED = "answered", "Answered"
    DEFAULTED = "defaulted", "Defaulted"


class Verdict(models.TextChoices):
    """What one reviewer says to one question."""

    APPROVE = "approve", "Approve"
    EDIT = "edit", "Approve with edits"
    OVERRIDE = "override", "Override the output"
    REJECT = "reject", "Reject"
    ANSWER = "answer", "Answer"


class Kind(models.TextChoices):
    """What sort of question it is."""

    TOOL_APPROVAL = "tool_approval", "Tool approval"
    QUESTION = "question", "Question"
    FINAL_OUTPUT = "final_output", "Final output"
    UNKNOWN_OUTCOME = "unknown_outcome", "Unknown outcome"


class Risk(models.IntegerChoices):
    """How much harm a wrong approval could do; ordered, so it sorts."""

    LOW = 1, "Low"
    MEDIUM = 2, "Medium"
    HIGH = 3, "High"
    CRITICAL = 4, "Critical"


class Ruling(models.TextChoices):
    """What the gate said about a tool call before any human looked."""

    LET_THROUGH = "let_through", "Let through"
    ASKED = "asked", "Asked a human"
    REFUSED = "refused", "Refused by policy"


class PolicyStatus(models.TextChoices):
    """Where one version of a review policy stands."""

    DRAFT = "draft", "Draft"
    SHADOW = "shadow", "Shadow"
    ACTIVE = "active", "Active"
    RETIRED = "retired", "Retired"


class ToolCallStatus(models.TextChoices):
    """What became of one tool call; the ledger of side effects."""

    PROPOSED = "proposed", "Proposed"
    APPROVED = "approved", "Approved"
    STARTED = "started", "Started"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    REFUSED = "refused", "Not run"
    SUPPLIED = "supplied", "Output supplied"
    UNKNOWN = "unknown", "Outcome unknown"
    CANCELLED = "cancelled", "Cancelled"


class NoticeKind(models.TextChoices):
    """What a message to the outside is about."""

    OPENED = "opened", "New item"
    REMINDER = "reminder", "Reminder"
    ESCALATED = "escalated", "Escalation"
    ASSIGNED = "assigned", "Assignment"
    OVERDUE = "overdue", "Overdue"
    EXPIRED = "expired", "Expired"
    MENTIONED = "mentioned", "Mention"
    WATCHDOG = "watchdog", "Alarm of the desk"
    TEST = "test", "Test message"


class NoticeChannel(models.TextChoices):
    """The way a message goes."""

    EMAIL = "email", "E-mail"
    PAGE = "page", "Bell"
    SLACK = "slack", "Slack"
    TEAMS = "teams", "Microsoft Teams"
    WEBHOOK = "webhook", "Webhook"


class NoticeStatus(models.TextChoices):
    """Where one owed message stands."""

    OWED = "owed", "Owed"
    SENDING = "sending", "Being sent"
    FAILED = "failed", "Failed, to be tried again"
    SENT = "sent", "Sent"
    DEAD = "dead", "Given up"
    CANCELLED = "cancelled", "No longer needed"


R, Q, T = RunStatus, InterventionStatus, ToolCallStatus

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
P = PolicyStatus
POLICY_MOVES: dict[str, frozenset[str]] = {
    P.DRAFT: frozenset({P.SHADOW, P.ACTIVE, P.RETIRED}),
    P.SHADOW: frozenset({P.ACTIVE, P.RETIRED}),
    P.ACTIVE: frozenset({P.RETIRED}),
    P.RETIRED: frozenset(),
}

RUN_OPEN = frozenset({R.QUEUED, R.RUNNING, R.AWAITING_REVIEW, R.PAUSED})
RUN_ENDED = frozenset({R.COMPLETED, R.FAILED, R.CANCELLED})
OPEN = frozenset({Q.PENDING, Q.CLAIMED})
UNFINISHED = frozenset({T.PROPOSED, T.APPROVED, T.STARTED})
SETTLED_CALLS = frozenset({T.DONE, T.FAILED, T.REFUSED, T.SUPPLIED, T.CANCELLED})
NOTICE_DUE = frozenset({NoticeStatus.OWED, NoticeStatus.FAILED, NoticeStatus.SENDING})
CHOSEN_NOTICES = tuple(kind for kind in NoticeKind if kind != NoticeKind.TEST)
"""What people and rooms may choose to hear of."""
LASTING_NOTICES = frozenset({NoticeKind.EXPIRED, NoticeKind.MENTIONED, NoticeKind.WATCHDOG, NoticeKind.TEST})
"""Kinds of messages that do not ask for a decision, so that none of them is withdrawn when somebody takes the item."""

OUTCOME_OF: dict[str, Outcome] = {
    Verdict.APPROVE: Outcome.APPROVED,
    Verdict.EDIT: Outcome.EDITED,
    Verdict.OVERRIDE: Outcome.OVERRIDDEN,
    Verdict.REJECT: Outcome.REJECTED,
    Verdict.ANSWER: Outcome.ANSWERED,
}
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
VERDICTS_FOR: dict[str, tuple[Verdict, ...]] = {
    Kind.TOOL_APPROVAL: (Verdict.APPROVE, Verdict.EDIT, Verdict.OVERRIDE, Verdict.REJECT),
    Kind.QUESTION: (Verdict.ANSWER, Verdict.REJECT),
    Kind.FINAL_OUTPUT: (Verdict.APPROVE, Verdict.EDIT, Verdict.REJECT),
    Kind.UNKNOWN_OUTCOME: (Verdict.APPROVE, Verdict.OVERRIDE, Verdict.REJECT),
}


def outcome_label(kind: str, outcome: str) -> str:
    """What the outcome of a question of that kind is called; empty where there is none yet."""
    return OWN_LABELS.get((kind, outcome)) or (str(Outcome(outcome).label) if outcome else "")


def deed(kind: str, outcome: str, it: str) -> str:
    """What somebody did to ``it`` by the verdict: "approved issue_refund with edits"."""
    return (DEEDS.get((kind, outcome)) or DEEDS["", outcome]).format(it=it)
