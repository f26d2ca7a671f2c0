"""By when, who is asked on the way, and what happens if nobody answers, by version."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import OuterRef, Q, Subquery, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, NullIf

from reviews import escalations
from reviews.models.agreed import Agreed, by_two_people
from reviews.models.calendar import Calendar
from reviews.states import Standing

DEFAULT_CALENDAR = "office"
"""The calendar of a policy that names none; where nobody has written it, `businesstime.OFFICE` stands in."""


class EscalationPolicyQuerySet(models.QuerySet["EscalationPolicy"]):
    """How policies of time are asked for."""

    def newest(self, slug: str) -> EscalationPolicyQuerySet:
        """The version of that slug which holds now, with the newest version of its calendar, in one query of one."""
        text = models.TextField()
        named: Any = Coalesce(
            NullIf(KeyTextTransform("calendar", "body"), Value(""), output_field=text),
            Value(DEFAULT_CALENDAR),
            output_field=text,
        )
        calendars = Calendar.objects.filter(slug=OuterRef("named"), standing=Standing.IN_FORCE).order_by("-version")
        columns = {f"its_{name}": Subquery(calendars.values(name)[:1]) for name in ("zone", "hours", "holidays")}
        rows = self.filter(slug=slug, standing=Standing.IN_FORCE).order_by("-version")
        return rows.annotate(named=named).annotate(**columns)[:1]


class EscalationPolicy(Agreed):
    """One version of a policy of time: a change is a new version, for open questions keep their own.

    ``body`` is as `reviews.escalations` reads it. Where silence approves, ``enabled_by`` is the second person who said
    that it may; without one it rejects instead.
    """

    body: models.JSONField[Any, Any] = models.JSONField()
    enabled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = models.Manager.from_queryset(EscalationPolicyQuerySet)()

    class Meta:
        verbose_name_plural = "escalation policies"
        constraints = [
            *by_two_people("an_escalation_policy"),
            models.CheckConstraint(
                condition=Q(enabled_by__isnull=True)
                | (Q(written_by__isnull=False) & ~Q(enabled_by=models.F("written_by"))),
                name="silence_approves_by_two_people",
            ),
        ]
        ordering = ("slug", "-version")

    def read(self) -> escalations.Escalation:
        """The policy, checked. Raises BadEscalation where the row was tampered with."""
        return escalations.read(self.body)
