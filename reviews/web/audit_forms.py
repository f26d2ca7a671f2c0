"""The filters of the audit log, the same for the page and for its exports."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet

from reviews.models import AuditEntry


class AuditFilter(forms.Form):
    """Which entries: by whom, what, about which run, between which days (UTC, both included)."""

    actor = forms.CharField(required=False, max_length=200, label="Actor")
    action = forms.CharField(required=False, max_length=60, label="Event")
    run = forms.CharField(required=False, max_length=36, label="Run")
    since = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label="To", widget=forms.DateInput(attrs={"type": "date"}))

    def clean_until(self) -> date | None:
        """The day, if the calendar has one after it."""
        until: date | None = self.cleaned_data["until"]
        if until == date.max:
            raise forms.ValidationError("Enter an earlier day.")
        return until

    def clean(self) -> dict[str, Any]:
        """The filters, if the days are in order."""
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and since > until:
            self.add_error("until", f"Enter {since} or a later day: the range ends before it begins.")
        return self.cleaned_data

    def apply(self, entries: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """The entries that pass; none at all where a filter makes no sense, so that nothing is shown by mistake."""
        if not self.is_valid():
            return entries.none()
        for lookup, value in self.lookups().items():
            entries = entries.filter(**{lookup: value})
        return entries

    def lookups(self) -> dict[str, str | datetime]:
        """What was asked for, as lookups; an action or a run may be given by its beginning."""
        chosen = self.cleaned_data
        found: dict[str, str | datetime] = {}
        if chosen["actor"]:
            found["actor__iexact"] = chosen["actor"]
        if chosen["action"]:
            found["action__startswith"] = chosen["action"]
        if chosen["run"]:
            found["run__startswith"] = chosen["run"].lower()
        if chosen["since"]:
            found["at__gte"] = datetime.combine(chosen["since"], time.min, UTC)
        if chosen["until"]:
            found["at__lt"] = datetime.combine(chosen["until"], time.min, UTC) + timedelta(days=1)
        return found

    def asked(self) -> dict[str, str]:
        """The filters in use, as text, for the book and the manifest of an export."""
        return {name: str(value) for name, value in self.cleaned_data.items() if value}
