"""What back-tests found, for whoever is to put a version in force."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models

from reviews.models.review_policy import ReviewPolicy


class BackTest(models.Model):
    """One back-test of what a version said then, as its ``digest`` tells; never changed.

    ``changes`` counts the calls that would change, by sort. ``released`` has the newest calls that would pass although
    a person had rejected them. ``is_whole`` is False where it stopped before it had judged every call.
    """

    policy = models.ForeignKey(ReviewPolicy, models.CASCADE, related_name="back_tests")
    digest = models.CharField(max_length=64)
    run_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField()
    calls = models.PositiveIntegerField()
    asked_before = models.PositiveIntegerField()
    asked_after = models.PositiveIntegerField()
    changes: models.JSONField[Any, Any] = models.JSONField(default=dict)
    rejected = models.PositiveIntegerField()
    released: models.JSONField[Any, Any] = models.JSONField(default=list)
    is_whole = models.BooleanField()

    class Meta:
        indexes = [models.Index(fields=["policy", "digest", "rejected"], name="back_tests_by_gravity")]

    def __str__(self) -> str:
        return f"back-test of {self.policy_id} until {self.until}"

    @property
    def days(self) -> int:
        """Over how many days."""
        return round((self.until - self.since).total_seconds() / 86_400)
