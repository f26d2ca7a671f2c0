"""A process that runs agents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models


class WorkerQuerySet(models.QuerySet["Worker"]):
    """How workers are asked for."""

    def seen_since(self, moment: datetime) -> WorkerQuerySet:
        """Those that have given a sign of life since then, by name."""
        return self.filter(seen_at__gte=moment).order_by("name")


class Worker(models.Model):
    """One process that runs agents: what it can run, and when it last said so."""

    name = models.CharField(max_length=200, unique=True)
    places = models.PositiveIntegerField()
    sdk_version = models.CharField(max_length=30)
    schema_version = models.CharField(max_length=30)
    schemas: models.JSONField[Any, Any] = models.JSONField()
    agents: models.JSONField[Any, Any] = models.JSONField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    objects = models.Manager.from_queryset(WorkerQuerySet)()

    def __str__(self) -> str:
        return self.name
