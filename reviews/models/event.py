"""What happened in a run, in order."""

from __future__ import annotations

from typing import Any

from django.db import models

from reviews.actors import ActorType
from reviews.models.intervention import Intervention
from reviews.models.run import Run


class Event(models.Model):
    """One line of a run's history, which is also the live feed: ``seq`` only grows, in the order of commits."""

    seq = models.BigIntegerField(primary_key=True)
    run = models.ForeignKey(Run, models.CASCADE, related_name="events")
    intervention = models.ForeignKey(Intervention, models.CASCADE, null=True, related_name="events")
    kind = models.CharField(max_length=60)
    actor_type = models.CharField(max_length=20, choices=ActorType)
    actor = models.CharField(max_length=200)
    data: models.JSONField[Any, Any] = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        ordering = ("seq",)
        indexes = [models.Index(fields=["run", "seq"], name="events_of_a_run")]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"
