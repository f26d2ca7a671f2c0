"""What a version would have said about the calls that were recorded: counted by tool, and listed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.models import User
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_http_methods, require_safe

from reviews import access
from reviews.actions import Conflict, backtest
from reviews.actions.backtest import CHANGES, MOST_DAYS, Changed
from reviews.states import Ruling
from reviews.web import texts
from reviews.web.http import ReviewRequest
from reviews.web.policies.doors import for_readers
from reviews.web.policies.figures import NOTHING, TITLES
from reviews.web.policies.page import find


class DaysForm(forms.Form):
    """Over how many days the calls are judged."""

    days = forms.IntegerField(
        label="Days",
        min_value=1,
        max_value=MOST_DAYS,
        initial=30,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )


@dataclass(frozen=True)
class Row:
    """One call that would change, with the question it led to, where that may be read."""

    call: Changed
    question: UUID | None
    arguments: str
    was: str
    now: str


@for_readers
@require_http_methods(["GET", "HEAD", "POST"])
def back_test(request: ReviewRequest, slug: str, version: int) -> HttpResponse:
    """Choose the days; a POST runs it, keeps its figures and shows them."""
    row = find(request.user, slug, version)
    form = DaysForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"section": "policies", "row": row, "form": form}
    if form.is_valid():
        try:
            report = backtest.run(row.pk, by=request.user, days=form.cleaned_data["days"])
        except Conflict as conflict:
            return _busy(request, context, conflict)
        context |= {"report": report, "lists": _lists(request.user, report), "tools": _tools(report)}
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "reviews/policies/back_test.html", context, status=status)


@for_readers
@require_safe
def back_test_list(request: ReviewRequest, slug: str, version: int, change: str) -> HttpResponse:
    """The calls of one kind of change, page by page, of the same span of time as the result."""
    row, span = find(request.user, slug, version), [_moment(request, name) for name in ("since", "until")]
    if change not in CHANGES or None in span:
        raise Http404("There is no such list.")
    after = texts.number(request.GET.get("after", ""))
    since, until = span
    assert since is not None and until is not None
    try:
        found = backtest.page(row.pk, change, by=request.user, since=since, until=until, after=after)
    except Conflict as conflict:
        return _busy(request, {"section": "policies", "row": row, "form": DaysForm()}, conflict)
    context = {"section": "policies", "row": row, "title": TITLES[change], "change": change}
    context |= {"since": since, "until": until, "found": found, "rows": _rows(request.user, found.rows)}
    return render(request, "reviews/policies/back_test_list.html", context | {"is_first": not after})


def _busy(request: ReviewRequest, context: dict[str, Any], conflict: Conflict) -> HttpResponse:
    context |= {"notice": str(conflict)}
    return render(request, "reviews/policies/back_test.html", context, status=409)


def _lists(user: User, report: backtest.Report) -> list[dict[str, Any]]:
    calls = [call for change in CHANGES for call in report.first[change]]
    rows = {row.call.call: row for row in _rows(user, calls)}
    return [
        {
            "change": change,
            "title": TITLES[change],
            "nothing": NOTHING[change],
            "count": report.counts.changes[change],
            "rows": [rows[call.call] for call in report.first[change]],
            "after": report.after(change),
        }
        for change in CHANGES
    ]


def _tools(report: backtest.Report) -> list[tuple[str, backtest.Counts]]:
    """By tool, those that change most first."""
    return sorted(report.by_tool.items(), key=lambda found: (-found[1].changes.total(), found[0]))


def _rows(user: User, calls: Iterable[Changed]) -> list[Row]:
    """The calls for the page; one statement for the questions that they led to."""
    calls = list(calls)
    asked = (
        access.visible_interventions(user).filter(tool_call__in=[call.call for call in calls]).order_by("created_at")
    )
    questions = dict(asked.values_list("tool_call_id", "pk"))
    labels = dict(Ruling.choices)
    return [
        Row(
            call,
            questions.get(call.call),
            texts.written(call.arguments)[:200],
            str(labels.get(call.was, call.was)),
            str(labels.get(call.now, call.now)),
        )
        for call in calls
    ]


def _moment(request: ReviewRequest, name: str) -> datetime | None:
    try:
        found = parse_datetime(request.GET.get(name, ""))
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
