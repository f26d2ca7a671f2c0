"""What a reviewer wants to know before they decide."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q

from reviews.models.intervention import Intervention
from reviews.states import OPEN


class AskBackQuerySet(models.QuerySet["AskBack"]):
    """How they are asked for."""

    def open(self) -> AskBackQuerySet:
        """Those that wait for an answer."""
        return self.filter(closed_at__isnull=True)

    def asking(self) -> AskBackQuerySet:
        """Those that anybody still waits for: whoever is asked may read the question until it is closed."""
        return self.open().filter(intervention__status__in=OPEN)

    def lapsed(self, now: datetime) -> AskBackQuerySet:
        """Those that have waited long enough."""
        return self.open().filter(lapses_at__lte=now)


class AskBack(models.Model):
    """One question from a reviewer to the person who asked for the run; while it is open the due moment waits.

    Closed without an answer, it lapsed or was taken back.
    """

    intervention = models.ForeignKey(Intervention, models.CASCADE, related_name="ask_backs")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_of = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="asked_backs")
    question = models.TextField()
    answer = models.TextField(blank=True)
    asked_at = models.DateTimeField()
    lapses_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    objects = models.Manager.from_queryset(AskBackQuerySet)()

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(
                fields=["intervention"], condition=Q(closed_at__isnull=True), name="one_open_ask_back"
            ),
            models.CheckConstraint(
                condition=Q(answer="") | Q(closed_at__isnull=False), name="an_answer_closes_the_ask_back"
            ),
        ]
        indexes = [models.Index(fields=["lapses_at"], condition=Q(closed_at__isnull=True), name="ask_backs_by_lapse")]

    def __str__(self) -> str:
        return self.question[:80]
