"""One traced step of the SDK."""

from __future__ import annotations

from typing import Any

from django.db import models

from reviews.models.run import Run


class Span(models.Model):
    """A model call, a tool, a handoff, a guardrail or a human's decision, with its times."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="spans")
    span_id = models.CharField(max_length=100, unique=True)
    trace_id = models.CharField(max_length=100)
    parent_id = models.CharField(max_length=100, blank=True)
    kind = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    data: models.JSONField[Any, Any] = models.JSONField(default=dict)
    error: models.JSONField[Any, Any] = models.JSONField(null=True)

    class Meta:
        ordering = ("started_at", "id")
        indexes = [models.Index(fields=["run", "started_at"], name="spans_of_a_run")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
