"""Calendars: in which hours a team works; written as versions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Max
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from reviews import access
from reviews.actions import Conflict, Invalid, time_limits
from reviews.businesstime import DAYS, OFFICE
from reviews.models import Calendar
from reviews.web import texts
from reviews.web.http import ReviewRequest
from reviews.web.policies.doors import for_readers, for_writers

MOST = 100
NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class CalendarForm(forms.Form):
    """Zone, the open hours of each day, and holidays; what is wrong is said by the domain."""

    slug = forms.CharField(required=False, label="Short name", help_text="Such as office; it never changes.")
    zone = forms.CharField(required=False, label="Time zone", help_text="Of the IANA list, such as Europe/Berlin.")
    holidays = forms.CharField(
        required=False, label="Holidays", help_text="One a line, such as 2026-12-25.", widget=forms.Textarea
    )

    def __init__(self, data: Any = None, row: Calendar | None = None) -> None:
        said = row.body if row else OFFICE.snapshot()
        hours = {day: ", ".join("-".join(window) for window in said["hours"].get(day, [])) for day in DAYS}
        super().__init__(data, initial={**hours, "zone": said["zone"], "holidays": "\n".join(said["holidays"])})
        for day, name in zip(DAYS, NAMES, strict=True):
            self.fields[day] = forms.CharField(required=False, label=name)
        self.fields["mon"].help_text = "Such as 09:00-12:30, 13:30-17:00; empty is closed."

    @property
    def body(self) -> dict[str, Any]:
        """What was typed, as a calendar is written."""
        said = self.cleaned_data
        windows = {day: [window.strip() for window in said[day].split(",") if window.strip()] for day in DAYS}
        hours = {day: [[end.strip() for end in one.split("-")] for one in found] for day, found in windows.items()}
        return {
            "zone": said["zone"],
            "hours": {day: found for day, found in hours.items() if found},
            "holidays": said["holidays"].split(),
        }

    def refuse(self, errors: dict[str, str]) -> None:
        """Put what is wrong beside its field."""
        for key, said in errors.items():
            name = key.removeprefix("hours.")
            self.add_error(name if name in self.fields else None, said)


@for_readers
@require_safe
def calendars(request: ReviewRequest) -> HttpResponse:
    """The newest version of each."""
    newest = Calendar.objects.values("slug").annotate(version=Max("version")).order_by("slug")[:MOST]
    wanted = {(row["slug"], row["version"]) for row in newest}
    rows = Calendar.objects.filter(slug__in=[slug for slug, _ in wanted]).select_related("written_by")
    found = [row for row in rows if (row.slug, row.version) in wanted]
    context = {"section": "policies", "rows": found, "writes": access.writes_policies(request.user)}
    return render(request, "reviews/policies/calendars.html", context)


@for_readers
@require_safe
def calendar(request: ReviewRequest, slug: str, version: int) -> HttpResponse:
    """One version."""
    row = _find(slug, version)
    return _show(request, row, CalendarForm(row=row))


@for_writers
@require_http_methods(["GET", "HEAD", "POST"])
def write_calendar(request: ReviewRequest, slug: str = "", version: int = 0) -> HttpResponse:
    """Write the next version of one, or the first of a new one."""
    row = _find(slug, version) if slug else None
    form = CalendarForm(request.POST if request.method == "POST" else None, row)
    if not form.is_valid():
        return _show(request, row, form, status=422 if form.is_bound else 200)
    name, seen = row.slug if row else form.cleaned_data["slug"], texts.number(request.POST.get("seen", ""))
    try:
        made = time_limits.write_calendar(name, by=request.user, body=form.body, seen=seen)
    except Invalid as invalid:
        form.refuse(invalid.errors)
        return _show(request, row, form, status=422)
    except Conflict as conflict:
        return _show(request, row, form, notice=str(conflict), status=409)
    messages.success(request, f"Version {made.version} of {made.slug} holds for what is asked from now on.")
    return redirect("reviews:calendar", made.slug, made.version)


def _find(slug: str, version: int) -> Calendar:
    rows = Calendar.objects.select_related("written_by")
    return get_object_or_404(rows, slug=slug.replace("\x00", ""), version=min(version, 2**31 - 1))


def _show(
    request: ReviewRequest, row: Calendar | None, form: CalendarForm, *, notice: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "section": "policies",
        "row": row,
        "form": form,
        "days": [form[day] for day in DAYS],
        "notice": notice,
        "versions": Calendar.objects.filter(slug=row.slug)[:MOST] if row else [],
        "seen": request.POST.get("seen") or (row.version if row else 0),
        "writes": access.writes_policies(request.user),
    }
    return render(request, "reviews/policies/calendar.html", context, status=status)
