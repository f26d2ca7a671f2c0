"""Up to when the desk's clock has fired everything."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class ClockMark(models.Model):
    """The one row that tells how long the clock stood still; the cache, which forgets, would not do."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    fired_until = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_clock_mark")]

    def __str__(self) -> str:
        return f"{self.fired_until:%Y-%m-%d %H:%M:%S}"
