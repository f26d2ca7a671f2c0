"""Runs, their questions and their calls."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from reviews import access
from reviews.admin.read_only import ReadOnly
from reviews.models import Checkpoint, Decision, Intervention, Run, Span, ToolCall


@admin.register(Run)
class RunAdmin(ReadOnly):
    list_display = ("id", "agent", "queue", "status", "started_by", "created_at", "finished_at")
    list_filter = ("status", "queue")
    list_select_related = ("queue", "started_by")
    search_fields = ("=id", "=agent")
    ordering = ("-created_at", "-id")


@admin.register(Intervention)
class InterventionAdmin(ReadOnly):
    list_display = ("title", "kind", "agent", "queue", "risk", "status", "outcome", "due_at")
    list_filter = ("status", "kind", "risk", "queue")
    list_select_related = ("queue",)
    search_fields = ("=id", "=run__id")
    ordering = ("-created_at", "-id")


@admin.register(Decision)
class DecisionAdmin(ReadOnly):
    list_display = ("intervention", "verdict", "decided_by", "created_at")
    list_filter = ("verdict",)
    list_select_related = ("intervention", "decided_by")
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The votes they may know of: an administrator with a seat votes blindly like everybody else."""
        return super().get_queryset(request).filter(pk__in=access.visible_decisions(request.user).values("pk"))


@admin.register(Checkpoint)
class CheckpointAdmin(ReadOnly):
    list_display = ("run_id", "number", "asked", "agent_version", "sdk_version", "created_at")
    list_filter = ("asked",)
    search_fields = ("=run__id",)
    ordering = ("-id",)


@admin.register(ToolCall)
class ToolCallAdmin(ReadOnly):
    list_display = ("call_id", "tool", "agent", "ruling", "status", "created_at", "finished_at")
    list_filter = ("status", "ruling")
    search_fields = ("=call_id", "=run__id", "=tool")
    ordering = ("-id",)


@admin.register(Span)
class SpanAdmin(ReadOnly):
    list_display = ("span_id", "kind", "name", "run_id", "started_at", "ended_at")
    list_filter = ("kind",)
    search_fields = ("=run__id", "=span_id")
    ordering = ("-id",)
