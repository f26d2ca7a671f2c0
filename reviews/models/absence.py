"""When somebody is out of office, and who stands in."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class AbsenceQuerySet(models.QuerySet["Absence"]):
    """How absences are asked for."""

    def at(self, moment: datetime) -> AbsenceQuerySet:
        """Those that cover the moment."""
        return self.filter(starts_at__lte=moment, ends_at__gt=moment)

    def ahead(self, moment: datetime) -> AbsenceQuerySet:
        """Those that have not ended by then, first to start first."""
        return self.filter(ends_at__gt=moment).order_by("starts_at", "id")


class Absence(models.Model):
    """One time away: what is assigned to the person goes to the delegate, or back to the queue where there is none."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="absences")
    delegate = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    objects = models.Manager.from_queryset(AbsenceQuerySet)()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gte=F("starts_at")), name="an_absence_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(delegate__isnull=True) | ~Q(delegate=F("user")), name="nobody_stands_in_for_themselves"
            ),
        ]
        indexes = [models.Index(fields=["user", "ends_at"], name="absences_of_a_person")]

    def __str__(self) -> str:
        return f"{self.user} until {self.ends_at:%Y-%m-%d %H:%M}"
