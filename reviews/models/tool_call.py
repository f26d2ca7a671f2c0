"""One call the model asked for: the ledger of side effects."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from reviews.models.checkpoint import Checkpoint
from reviews.models.run import Run
from reviews.states import Ruling, ToolCallStatus


class ToolCall(models.Model):
    """What was proposed, what the gate said, what was executed, and what came back.

    ``lease`` is the worker's under which it last began, until something came back. ``author_asks`` is what the agent's
    author marked on the tool.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="tool_calls")
    checkpoint = models.ForeignKey(Checkpoint, models.SET_NULL, null=True, related_name="tool_calls")
    call_id = models.CharField(max_length=200)
    agent = models.CharField(max_length=200)
    tool = models.CharField(max_length=200)
    proposed: models.JSONField[Any, Any] = models.JSONField()
    executed: models.JSONField[Any, Any] = models.JSONField(null=True)
    schema: models.JSONField[Any, Any] = models.JSONField(default=dict)
    ruling = models.CharField(max_length=20, choices=Ruling)
    why = models.TextField(blank=True)
    status = models.CharField(max_length=20, choices=ToolCallStatus, default=ToolCallStatus.PROPOSED)
    output: models.JSONField[Any, Any] = models.JSONField(null=True)
    error = models.TextField(blank=True)
    lease = models.UUIDField(null=True)
    idempotent = models.BooleanField(default=False)
    is_agent = models.BooleanField(default=False)
    author_asks = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "call_id"], name="one_tool_call_per_call_id"),
            models.CheckConstraint(condition=Q(status__in=ToolCallStatus.values), name="a_known_tool_call_status"),
        ]
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.tool} {self.call_id}"

    @property
    def idempotency_key(self) -> str:
        """The key under which a remote system may recognise a repeated call."""
        return f"{self.run_id}:{self.call_id}"
