"""What the gate ruled on a tool call, and what became of it."""

from django.db import models


class Ruling(models.TextChoices):
    """What the gate said about a tool call before any human looked."""

    LET_THROUGH = "let_through", "Let through"
    ASKED = "asked", "Asked a human"
    REFUSED = "refused", "Refused by policy"


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


T = ToolCallStatus

UNFINISHED = frozenset({T.PROPOSED, T.APPROVED, T.STARTED})
SETTLED_CALLS = frozenset({T.DONE, T.FAILED, T.REFUSED, T.SUPPLIED, T.CANCELLED})
