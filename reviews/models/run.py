"""One execution of a registered agent."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from reviews.models.queue import Queue
from reviews.models.stateful import Stateful
from reviews.states import RUN_ENDED, RUN_MOVES, RUN_OPEN, RunStatus


class RunQuerySet(models.QuerySet["Run"]):
    """How runs are asked for."""

    def locked(self, run_id: uuid.UUID) -> Run:
        """The run, locked until the transaction ends: the first lock of every transition. Raises Run.DoesNotExist."""
        # no_key: rows that refer to the run, such as spans, may be written meanwhile
        return self.select_for_update(of=("self",), no_key=True).get(pk=run_id)

    def locked_if_free(self, run_id: uuid.UUID) -> Run | None:
        """As `locked`, but None at once where another holds the lock."""
        return self.select_for_update(of=("self",), no_key=True, skip_locked=True).filter(pk=run_id).first()

    def locked_with(self, intervention_id: uuid.UUID) -> Run:
        """The run that asked this question, locked likewise. Raises Run.DoesNotExist."""
        return self.select_for_update(of=("self",), no_key=True).get(interventions=intervention_id)

    def owned(self, run_id: uuid.UUID, lease: uuid.UUID | None) -> RunQuerySet:
        """The run while that lease is its own."""
        return self.filter(pk=run_id, lease=lease, lease__isnull=False)

    def open(self) -> RunQuerySet:
        """Those that have not ended."""
        return self.filter(status__in=RUN_OPEN)

    def lost(self, now: datetime) -> RunQuerySet:
        """Those whose worker has not renewed its lease in time."""
        return self.filter(status=RunStatus.RUNNING, lease_expires_at__lt=now)

    def unannounced(self, since: datetime) -> RunQuerySet:
        """Those queued, and last announced before that moment."""
        return self.filter(status=RunStatus.QUEUED, announced_at__lt=since)

    def for_list(self) -> RunQuerySet:
        """Newest first, with what a row of the runs list shows."""
        return self.select_related("queue", "started_by").order_by("-created_at", "-id")


class Run(Stateful):
    """One execution of a registered agent: what it was asked, where it stands, what came of it.

    A fork goes on from checkpoint ``forked_at`` of the run ``fork_of``; a number, since that checkpoint may go one day.
    In a ``dry_run`` no tool runs and nobody is asked: it shows what another verdict would have come to.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agent = models.CharField(max_length=100)
    agent_version = models.CharField(max_length=50, blank=True)
    queue = models.ForeignKey(Queue, models.PROTECT, related_name="runs")
    input = models.TextField()
    status = models.CharField(max_length=20, choices=RunStatus, default=RunStatus.QUEUED)
    result: models.JSONField[Any, Any] = models.JSONField(null=True)
    error_code = models.CharField(max_length=60, blank=True)
    error = models.TextField(blank=True)
    usage: models.JSONField[Any, Any] = models.JSONField(default=dict)
    model = models.CharField(max_length=100, blank=True)
    scripted = models.BooleanField(default=False)
    lease = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    worker = models.CharField(max_length=200, blank=True)
    hold = models.BooleanField(default=False)
    losses = models.PositiveSmallIntegerField(default=0)
    rejections = models.PositiveIntegerField(default=0, db_default=0)
    trace_id = models.CharField(max_length=100, blank=True)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    retry_of = models.ForeignKey("self", models.PROTECT, null=True, related_name="retries")
    dry_run = models.BooleanField(default=False, db_default=False)
    fork_of = models.ForeignKey("self", models.PROTECT, null=True, related_name="forks")
    forked_at = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField()
    queued_at = models.DateTimeField()
    announced_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    begins = False
    """Whether a worker has taken it for the first time; only `leases.take` knows."""

    MOVES = RUN_MOVES
    objects = models.Manager.from_queryset(RunQuerySet)()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status=RunStatus.RUNNING, lease__isnull=False)
                | (~Q(status=RunStatus.RUNNING) & Q(lease__isnull=True)),
                name="a_lease_exactly_while_running",
            ),
            models.CheckConstraint(
                condition=Q(status__in=sorted(RUN_ENDED), finished_at__isnull=False)
                | (~Q(status__in=sorted(RUN_ENDED)) & Q(finished_at__isnull=True)),
                name="a_finish_exactly_when_ended",
            ),
            models.CheckConstraint(condition=Q(status__in=RunStatus.values), name="a_known_run_status"),
            models.CheckConstraint(
                condition=Q(fork_of__isnull=True, forked_at__isnull=True)
                | Q(fork_of__isnull=False, forked_at__isnull=False),
                name="a_fork_says_from_where",
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="runs_newest_first"),
            models.Index(fields=["trace_id"], name="runs_by_trace"),
            models.Index(fields=["announced_at"], condition=Q(status=RunStatus.QUEUED), name="runs_queued"),
            models.Index(fields=["lease_expires_at"], condition=Q(status=RunStatus.RUNNING), name="runs_leased"),
            models.Index(fields=["status"], condition=Q(status__in=sorted(RUN_OPEN)), name="runs_open_by_status"),
        ]

    def __str__(self) -> str:
        return f"{self.agent} {str(self.pk)[:8]}"

    @property
    def ended(self) -> bool:
        """Whether no further move is possible."""
        return self.status in RUN_ENDED

    @property
    def result_text(self) -> str:
        """The result as a person reads it."""
        return as_text(self.result)


def as_text(value: Any) -> str:
    """Text as it is, nothing as nothing, all else as readable JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
