"""A team's business hours, by version."""

from __future__ import annotations

from typing import Any

from django.db import models

from reviews import businesstime
from reviews.models.agreed import Agreed, by_two_people
from reviews.states import Standing


class CalendarQuerySet(models.QuerySet["Calendar"]):
    """How calendars are asked for."""

    def newest(self, slug: str) -> CalendarQuerySet:
        """The version of that slug which holds now, as a queryset of one."""
        return self.filter(slug=slug, standing=Standing.IN_FORCE).order_by("-version")[:1]


class Calendar(Agreed):
    """One version of a calendar: a change is a new version, for open questions keep what they were opened under.

    ``hours`` and ``holidays`` are as `reviews.businesstime` reads them.
    """

    zone = models.CharField(max_length=60)
    hours: models.JSONField[Any, Any] = models.JSONField(default=dict)
    holidays: models.JSONField[Any, Any] = models.JSONField(default=list)

    objects = models.Manager.from_queryset(CalendarQuerySet)()

    class Meta:
        constraints = by_two_people("a_calendar")
        ordering = ("slug", "-version")

    @property
    def body(self) -> dict[str, Any]:
        """What `reviews.businesstime` reads."""
        return {"zone": self.zone, "hours": self.hours, "holidays": self.holidays}

    def read(self) -> businesstime.Calendar:
        """The calendar to count in. Raises BadCalendar where the row was tampered with."""
        return businesstime.Calendar.read(self.body)
