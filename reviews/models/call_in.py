"""Who was added to the deciders of a question by escalating it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from reviews.models.intervention import Intervention


class CallInQuerySet(models.QuerySet["CallIn"]):
    """How calls are asked for."""

    def granting(self) -> CallInQuerySet:
        """Those that let people see and decide a question by themselves, without a seat."""
        return self.filter(by_seat=False)


class CallIn(models.Model):
    """One person called in to decide one question, and at which level; they may see and decide it without a seat.

    Who had one then was called ``by_seat``: that is remembered and gives no right, so none outlives the seat.
    """

    intervention = models.ForeignKey(Intervention, models.CASCADE, related_name="call_ins")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="call_ins")
    level = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    by_seat = models.BooleanField(default=False)

    objects = models.Manager.from_queryset(CallInQuerySet)()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "intervention"], name="called_in_once")]

    def __str__(self) -> str:
        return f"{self.user} at level {self.level}"
