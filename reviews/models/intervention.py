"""One question put to humans."""

from __future__ import annotations

import hashlib
import json
import uuid
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from reviews.models.checkpoint import Checkpoint
from reviews.models.queue import Queue
from reviews.models.run import Run
from reviews.models.stateful import Stateful
from reviews.models.tool_call import ToolCall
from reviews.states import (
    INTERVENTION_MOVES,
    OPEN,
    VERDICTS_FOR,
    InterventionStatus,
    Kind,
    Outcome,
    Risk,
    Verdict,
    outcome_label,
)


class InterventionQuerySet(models.QuerySet["Intervention"]):
    """How questions are asked for."""

    def open(self) -> InterventionQuerySet:
        """Those that still wait for a verdict."""
        return self.filter(status__in=OPEN)

    def for_inbox(self) -> InterventionQuerySet:
        """First due first, with what a row of the inbox shows."""
        return self.select_related("run", "queue", "claimed_by", "assignee").order_by("-priority", "due_at", "id")


class Intervention(Stateful):
    """One question an agent put to its reviewers, with a frozen copy of the rule that asked it.

    ``rejections`` is how often the same was rejected in this run before it was asked again. Where several must agree,
    each edit opens a new ``round`` of voting, and ``votes`` is how many count in it so far.

    ``level`` is how far it was escalated: 0 is the queue itself. ``claim_expires_at`` ends a claim that nobody renews;
    ``snoozed_until`` hides it from its assignee; ``asked_back_at`` is set while it waits for more information;
    ``extended`` counts how often it was put off. Its timers belong to one ``generation``:
    the first, for an open question keeps the plan it was made with, unless an edit raises its risk.
    ``told`` is whether a message was ever owed about it, so that closing most of them withdraws nothing.
    ``overdue`` is set when its answer did not come by ``due_at``; a ``priority`` above 0 puts it before all others.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    run = models.ForeignKey(Run, models.CASCADE, related_name="interventions")
    checkpoint = models.ForeignKey(Checkpoint, models.PROTECT, related_name="interventions")
    tool_call = models.ForeignKey(ToolCall, models.PROTECT, null=True, related_name="interventions")
    kind = models.CharField(max_length=20, choices=Kind)
    title = models.CharField(max_length=200)
    agent = models.CharField(max_length=200)
    tool = models.CharField(max_length=200, blank=True)
    proposal: models.JSONField[Any, Any] = models.JSONField()
    schema: models.JSONField[Any, Any] = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)
    policy: models.JSONField[Any, Any] = models.JSONField(default=dict)
    why = models.TextField(blank=True)
    queue = models.ForeignKey(Queue, models.PROTECT, related_name="interventions")
    risk = models.PositiveSmallIntegerField(choices=Risk, default=Risk.MEDIUM)
    status = models.CharField(max_length=20, choices=InterventionStatus, default=InterventionStatus.PENDING)
    outcome = models.CharField(max_length=20, choices=Outcome, blank=True)
    claimed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    claimed_at = models.DateTimeField(null=True)
    claim_expires_at = models.DateTimeField(null=True)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    snoozed_until = models.DateTimeField(null=True)
    asked_back_at = models.DateTimeField(null=True)
    overdue = models.BooleanField(default=False, db_default=False)
    priority = models.PositiveSmallIntegerField(default=0, db_default=0)
    extended = models.PositiveSmallIntegerField(default=0, db_default=0)
    generation = models.PositiveIntegerField(default=1, db_default=1)
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    level = models.PositiveSmallIntegerField(default=0)
    rejections = models.PositiveSmallIntegerField(default=0, db_default=0)
    told = models.BooleanField(default=False, db_default=False)
    version = models.PositiveIntegerField(default=1)
    round = models.PositiveSmallIntegerField(default=1, db_default=1)
    votes = models.PositiveSmallIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    MOVES = INTERVENTION_MOVES
    objects = models.Manager.from_queryset(InterventionQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tool_call"], condition=Q(status__in=sorted(OPEN)), name="one_open_intervention_per_call"
            ),
            models.CheckConstraint(
                condition=~Q(status=InterventionStatus.CLAIMED) | Q(claimed_by__isnull=False),
                name="claimed_has_a_claimer",
            ),
            models.CheckConstraint(
                condition=~Q(status=InterventionStatus.DECIDED) | (~Q(outcome="") & Q(decided_at__isnull=False)),
                name="decided_has_an_outcome",
            ),
            models.CheckConstraint(
                condition=Q(status__in=InterventionStatus.values), name="a_known_intervention_status"
            ),
        ]
        indexes = [
            models.Index(
                fields=["-priority", "due_at", "id"], condition=Q(status__in=sorted(OPEN)), name="open_by_due"
            ),
            models.Index(fields=["queue", "due_at"], condition=Q(status__in=sorted(OPEN)), name="open_by_queue"),
            models.Index(fields=["assignee", "due_at"], condition=Q(status__in=sorted(OPEN)), name="open_by_assignee"),
            models.Index(
                fields=["snoozed_until"],
                condition=Q(status__in=sorted(OPEN), snoozed_until__isnull=False),
                name="snoozed_by_end",
            ),
            models.Index(
                fields=["claim_expires_at"], condition=Q(status=InterventionStatus.CLAIMED), name="claims_by_expiry"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        """Whether it still waits for a verdict."""
        return self.status in OPEN

    @property
    def outcome_label(self) -> str:
        """What its outcome is called, in the words of its buttons."""
        return outcome_label(self.kind, self.outcome)

    @property
    def subject(self) -> str:
        """What it is about, in a sentence: the tool, or else the question or the output."""
        return "the question" if self.kind == Kind.QUESTION else self.tool or "the output"

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What may be said to it: its kind's verdicts, narrowed by its frozen policy."""
        allowed = self.policy.get("verdicts") or ()
        narrowed = tuple(verdict for verdict in VERDICTS_FOR[self.kind] if verdict in allowed)
        found = narrowed or VERDICTS_FOR[self.kind]  # a rule that leaves nothing to say must not lock the item
        is_moved = self.round > 1 and self.is_open
        agree = (Verdict.APPROVE,) if is_moved and Verdict.APPROVE not in found else ()
        return (*agree, *found)  # what a colleague put to the vote can always be agreed to

    @property
    def needed(self) -> int:
        """How many people must agree, by its frozen policy."""
        return max(1, int(self.policy.get("approvals") or 1))

    @property
    def needed_against(self) -> int:
        """How many rejections reject it: one, or as many as approvals where its policy asks for a majority."""
        return self.needed if self.policy.get("rejecting") == "majority" else 1

    @property
    def given(self) -> int:
        """How many approvals were given in the last round; votes of either sort where a majority may reject."""
        if self.needed > 1:
            return self.votes
        return int(self.status == InterventionStatus.DECIDED and self.outcome != Outcome.REJECTED)

    @property
    def progress(self) -> str:
        """How far an open vote has come, without a word on who voted or what; empty where one vote is enough."""
        if self.needed == 1:
            return ""
        if self.needed_against > 1:
            return f"{self.votes} vote{'' if self.votes == 1 else 's'}, {self.needed} alike decide"
        return f"{self.votes} of {self.needed} approvals"


def digest_of(proposal: Any) -> str:
    """SHA-256 of the proposal as canonical JSON: what the reviewer saw is what is decided."""
    text = json.dumps(_canonical(proposal), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: Any) -> Any:
    """Whole numbers are written as such: PostgreSQL hands 1e+22 back as an integer, SQLite as it was."""
    if isinstance(value, float) and value.is_integer():
        return int(Decimal(repr(value)))
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()}
    return [_canonical(item) for item in value] if isinstance(value, list) else value
