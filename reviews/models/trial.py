"""Another verdict on a decided question, tried out."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models

from reviews.models.intervention import Intervention
from reviews.models.run import Run
from reviews.states import Verdict


class Trial(models.Model):
    """What somebody supposed had been said, and the dry run that shows what would have come of it. No decision."""

    run = models.OneToOneField(Run, models.CASCADE, related_name="trial")
    intervention = models.ForeignKey(Intervention, models.PROTECT, related_name="trials")
    verdict = models.CharField(max_length=20, choices=Verdict)
    tried_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    note = models.TextField(blank=True)
    context = models.TextField(blank=True)
    replacement: models.JSONField[Any, Any] = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.verdict} tried by {self.tried_by}"
