"""Who was added to the deciders of a question by escalating it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from reviews.models.intervention import Intervention


class CallIn(models.Model):
    """One person called in to decide one question, and at which level; they may see and decide it without a seat."""

    intervention = models.ForeignKey(Intervention, models.CASCADE, related_name="call_ins")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="call_ins")
    level = models.PositiveSmallIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "intervention"], name="called_in_once")]

    def __str__(self) -> str:
        return f"{self.user} at level {self.level}"
