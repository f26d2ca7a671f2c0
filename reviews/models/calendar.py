"""A team's business hours, by version."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models

from reviews import businesstime


class CalendarQuerySet(models.QuerySet["Calendar"]):
    """How calendars are asked for."""

    def newest(self, slug: str) -> CalendarQuerySet:
        """The version of that slug which holds now, as a queryset of one."""
        return self.filter(slug=slug).order_by("-version")[:1]


class Calendar(models.Model):
    """One version of a calendar: a change is a new version, for open questions keep what they were opened under.

    ``hours`` and ``holidays`` are as `reviews.businesstime` reads them.
    """

    slug = models.SlugField(max_length=60)
    version = models.PositiveIntegerField(default=1)
    zone = models.CharField(max_length=60)
    hours: models.JSONField[Any, Any] = models.JSONField(default=dict)
    holidays: models.JSONField[Any, Any] = models.JSONField(default=list)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    objects = models.Manager.from_queryset(CalendarQuerySet)()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["slug", "version"], name="one_version_of_a_calendar")]
        ordering = ("slug", "-version")

    def __str__(self) -> str:
        return f"{self.slug} {self.version}"

    @property
    def body(self) -> dict[str, Any]:
        """What `reviews.businesstime` reads."""
        return {"zone": self.zone, "hours": self.hours, "holidays": self.holidays}

    def read(self) -> businesstime.Calendar:
        """The calendar to count in. Raises BadCalendar where the row was tampered with."""
        return businesstime.Calendar.read(self.body)
