"""Where a run stands."""

from django.db import models


class RunStatus(models.TextChoices):
    """Where one execution of an agent stands."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    AWAITING_REVIEW = "awaiting_review", "Waiting for review"
    PAUSED = "paused", "Paused"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Stopped"


R = RunStatus

RUN_OPEN = frozenset({R.QUEUED, R.RUNNING, R.AWAITING_REVIEW, R.PAUSED})
RUN_ENDED = frozenset({R.COMPLETED, R.FAILED, R.CANCELLED})
