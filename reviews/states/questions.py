"""Where a question to humans stands, and of what sort it is."""

from django.db import models


class InterventionStatus(models.TextChoices):
    """Where one question to humans stands; what came of it is its outcome."""

    PENDING = "pending", "Pending"
    CLAIMED = "claimed", "Claimed"
    DECIDED = "decided", "Decided"
    EXPIRED = "expired", "Expired"
    CANCELLED = "cancelled", "Cancelled"


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


Q = InterventionStatus

OPEN = frozenset({Q.PENDING, Q.CLAIMED})
