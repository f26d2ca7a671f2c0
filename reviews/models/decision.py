"""One reviewer's signed verdict."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from reviews.models.intervention import Intervention
from reviews.states import OUTCOME_OF, InterventionStatus, Outcome, Verdict, outcome_label


class DecisionQuerySet(models.QuerySet["Decision"]):
    """How verdicts are asked for."""

    def deciding(self) -> DecisionQuerySet:
        """Those that settled their question: the votes of its last round that agree with what came of it."""
        of_last_round = Q(intervention__status=InterventionStatus.DECIDED, round=F("intervention__round"))
        against = Q(verdict=Verdict.REJECT)
        rejected = Q(intervention__outcome=Outcome.REJECTED)
        return self.filter(of_last_round, (against & rejected) | (~against & ~rejected))


class Decision(models.Model):
    """What one person said to one question; never edited. One of an earlier ``round`` was voided by a later edit."""

    intervention = models.ForeignKey(Intervention, models.PROTECT, related_name="decisions")
    verdict = models.CharField(max_length=20, choices=Verdict)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="decisions")
    note = models.TextField(blank=True)
    reason = models.TextField(blank=True)
    context = models.TextField(blank=True)
    replacement: models.JSONField[Any, Any] = models.JSONField(null=True)
    proposal_digest = models.CharField(max_length=64)
    round = models.PositiveSmallIntegerField(default=1, db_default=1)
    created_at = models.DateTimeField()

    objects = models.Manager.from_queryset(DecisionQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["intervention", "decided_by", "round"], name="one_vote_per_reviewer_and_round"
            )
        ]
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.verdict} by {self.decided_by}"

    @property
    def outcome(self) -> Outcome:
        """What came of the question by it."""
        return OUTCOME_OF[self.verdict]

    @property
    def label(self) -> str:
        """What it is called, in the words of the question's buttons."""
        return outcome_label(self.intervention.kind, self.outcome)
