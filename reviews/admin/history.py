"""The book and the histories of runs."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from reviews import access
from reviews.actors import ActorType
from reviews.admin.read_only import ReadOnly
from reviews.models import AuditEntry, AuditHead, Event


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly):
    list_display = ("seq", "at", "actor", "action", "run", "subject")
    list_filter = ("actor_type",)
    search_fields = ("=actor", "=action", "=run")
    ordering = ("-seq",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """As of events: without the lines that would tell who voted what before they have voted themselves."""
        items = access.blind_to(request.user).values_list("pk", flat=True)
        told = Q(subject__in=[f"intervention:{pk}" for pk in items], actor_type=ActorType.USER)
        return super().get_queryset(request).exclude(told & ~Q(actor=request.user.get_username()))


@admin.register(AuditHead)
class AuditHeadAdmin(ReadOnly):
    list_display = ("seq", "digest")


@admin.register(Event)
class EventAdmin(ReadOnly):
    list_display = ("seq", "at", "kind", "actor", "run_id")
    search_fields = ("=run__id", "=kind", "=actor")
    ordering = ("-seq",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without the lines that would tell who voted what before they have voted themselves."""
        told = Q(intervention__in=access.blind_to(request.user), actor_type=ActorType.USER)
        return super().get_queryset(request).exclude(told & ~Q(actor=request.user.get_username()))
