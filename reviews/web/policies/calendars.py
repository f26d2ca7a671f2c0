"""Calendars: in which hours a team works; written as versions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from reviews import access
from reviews.actions import Conflict, Invalid, time_limits
from reviews.businesstime import DAYS, OFFICE
from reviews.businesstime import Calendar as Hours
from reviews.models import Calendar
from reviews.web import keyset
from reviews.web.http import ReviewRequest
from reviews.web.notice_forms import zones
from reviews.web.policies.agreeing import conflict_with, find, newest, seen_in, told, waiting
from reviews.web.policies.doors import for_readers, for_writers

SIZE, MOST = 40, 100
NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class CalendarForm(forms.Form):
    """Zone, the open hours of each day, and holidays; what is wrong is said by the domain."""

    slug = forms.CharField(required=False, label="Short name", help_text="Such as office; it never changes.")
    zone = forms.ChoiceField(label="Time zone", choices=zones)
    holidays = forms.CharField(
        required=False, label="Holidays", help_text="One a line, such as 2026-12-25.", widget=forms.Textarea
    )

    def __init__(self, data: Any = None, row: Calendar | None = None) -> None:
        said = row.body if row else OFFICE.snapshot()
        hours = {day: ", ".join("-".join(window) for window in said["hours"].get(day, [])) for day in DAYS}
        super().__init__(data, initial={**hours, "zone": said["zone"], "holidays": "\n".join(said["holidays"])})
        if said["zone"] not in dict(zones()):  # an alias, such as CET, stays what it is
            self.fields["zone"].choices = [*zones(), (said["zone"], said["zone"])]  # type: ignore[attr-defined]
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
    """The newest version of each, page by page."""
    page = keyset.page(newest(Calendar), by=("slug",), cursor=request.GET.get("after", ""), size=SIZE)
    context = {"section": "policies", "page": page, "writes": access.writes_policies(request.user)}
    return render(request, "reviews/policies/calendars.html", context)


@for_readers
@require_safe
def calendar(request: ReviewRequest, slug: str, version: int) -> HttpResponse:
    """One version."""
    row = find(Calendar, slug, version)
    return _show(request, row, CalendarForm(row=row))


@for_writers
@require_http_methods(["GET", "HEAD", "POST"])
def write_calendar(request: ReviewRequest, slug: str = "", version: int = 0) -> HttpResponse:
    """Write the next version of one, or the first of a new one."""
    row = find(Calendar, slug, version) if slug else None
    form = CalendarForm(request.POST if request.method == "POST" else None, row)
    if not form.is_valid():
        return _show(request, row, form, status=422 if form.is_bound else 200)
    name = row.slug if row else form.cleaned_data["slug"]
    try:
        made = time_limits.write_calendar(name, by=request.user, body=form.body, seen=seen_in(request, row))
    except Invalid as invalid:
        form.refuse(invalid.errors)
        return _show(request, row, form, status=422)
    except Conflict as conflict:
        beside = conflict_with(Calendar, name, Hours.read(form.body).snapshot())
        return _show(request, row, form, status=409, notice=str(conflict), **beside)
    messages.success(request, told(made))
    return redirect("reviews:calendar", made.slug, made.version)


def _show(
    request: ReviewRequest, row: Calendar | None, form: CalendarForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    context = {
        "section": "policies",
        "row": row,
        "form": form,
        "days": [form[day] for day in DAYS],
        "versions": Calendar.objects.filter(slug=row.slug)[:MOST] if row else [],
        "seen": seen_in(request, row),
        "writes": access.writes_policies(request.user),
    }
    return render(request, "reviews/policies/calendar.html", context | waiting(row, request) | more, status=status)
