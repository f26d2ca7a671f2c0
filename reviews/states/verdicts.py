"""What people say to a question, and what comes of that."""

from django.db import models

from reviews.states.questions import Kind


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


OUTCOME_OF: dict[str, Outcome] = {
    Verdict.APPROVE: Outcome.APPROVED,
    Verdict.EDIT: Outcome.EDITED,
    Verdict.OVERRIDE: Outcome.OVERRIDDEN,
    Verdict.REJECT: Outcome.REJECTED,
    Verdict.ANSWER: Outcome.ANSWERED,
}
VERDICTS_FOR: dict[str, tuple[Verdict, ...]] = {
    Kind.TOOL_APPROVAL: (Verdict.APPROVE, Verdict.EDIT, Verdict.OVERRIDE, Verdict.REJECT),
    Kind.QUESTION: (Verdict.ANSWER, Verdict.REJECT),
    Kind.FINAL_OUTPUT: (Verdict.APPROVE, Verdict.EDIT, Verdict.REJECT),
    Kind.UNKNOWN_OUTCOME: (Verdict.APPROVE, Verdict.OVERRIDE, Verdict.REJECT),
}
