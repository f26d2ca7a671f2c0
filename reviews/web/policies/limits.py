"""Time limits: by when, who is asked on the way, and what happens if nobody answers; versions with their dates."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reviews import access, escalations
from reviews.actions import Conflict, Invalid, silence, time_limits
from reviews.models import Calendar as CalendarRow
from reviews.models import EscalationPolicy
from reviews.models.escalation_policy import DEFAULT_CALENDAR
from reviews.states import Risk
from reviews.web import keyset
from reviews.web.http import ReviewRequest, show
from reviews.web.policies.agreeing import conflict_with, find, newest, seen_in, told, waiting
from reviews.web.policies.dates import calendar_of, preview
from reviews.web.policies.doors import for_readers, for_writers
from reviews.web.policies.limit_forms import LimitForm, body_of, sent_of
from reviews.web.policies.limit_steps import StepForm

SIZE, MOST = 40, 100
STARTER = escalations.DEFAULTS[Risk.MEDIUM]


@for_readers
@require_safe
def time_limits_list(request: ReviewRequest) -> HttpResponse:
    """The newest version of each, page by page, and those that hold where a rule names none."""
    page = keyset.page(newest(EscalationPolicy), by=("slug",), cursor=request.GET.get("after", ""), size=SIZE)
    context = {
        "section": "policies",
        "page": page,
        "defaults": [(Risk(risk), said) for risk, said in escalations.DEFAULTS.items()],
        "writes": access.writes_policies(request.user),
    }
    return render(request, "reviews/policies/limits.html", context)


@for_readers
@require_http_methods(["GET", "HEAD", "POST"])
def time_limit(request: ReviewRequest, slug: str, version: int) -> HttpResponse:
    """One version with its dates; a POST rearranges it, shows its dates, or writes the next version."""
    row = find(EscalationPolicy, slug, version)
    if request.method != "POST":
        return _show(request, row, sent_of(row.body))
    return _posted(request, row)


@for_writers
@require_http_methods(["GET", "HEAD", "POST"])
def new_time_limit(request: ReviewRequest) -> HttpResponse:
    """Write the first version of one."""
    return _posted(request, None) if request.method == "POST" else _show(request, None, sent_of(STARTER.snapshot()))


@for_writers
@require_POST
def enable_time_limit(request: ReviewRequest, slug: str, version: int) -> HttpResponse:
    """As the second person, let silence approve."""
    row = find(EscalationPolicy, slug, version)
    try:
        silence.enable(row.pk, by=request.user)
        messages.success(request, "Silence approves now, for low risk only.")
    except Conflict as conflict:
        messages.error(request, str(conflict))
    return redirect("reviews:time_limit", slug, version)


def _posted(request: ReviewRequest, row: EscalationPolicy | None) -> HttpResponse:
    act = "save" if "over" in request.POST else request.POST.get("act", "")
    if not access.writes_policies(request.user) and act != "preview":
        raise Http404("There is no such page.")
    sent = LimitForm.sent(request.POST)
    if act != "save":
        sent.arrange(act)
        return _show(request, row, sent)
    slug = row.slug if row else request.POST.get("slug", "")
    try:
        made = time_limits.write(slug, by=request.user, body=body_of(sent), seen=seen_in(request, row))
    except Invalid as invalid:
        return _show(request, row, sent, invalid.errors, status=422)
    except Conflict as conflict:
        beside = conflict_with(EscalationPolicy, slug, escalations.read(body_of(sent)).snapshot())
        return _show(request, row, sent, status=409, notice=str(conflict), **beside)
    messages.success(request, told(made))
    return redirect("reviews:time_limit", made.slug, made.version)


def _show(
    request: ReviewRequest,
    row: EscalationPolicy | None,
    sent: LimitForm,
    errors: dict[str, str] | None = None,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    body, versions = body_of(sent), EscalationPolicy.objects.filter(slug=row.slug)[:MOST] if row else []
    calendar = calendar_of(str(body.get("calendar") or DEFAULT_CALENDAR))
    found = preview(request.POST or request.GET, body, calendar)
    wrong = found.pop("errors")
    if errors is None:  # who only adds or moves a step is not told that the step is still empty
        errors = wrong if request.POST.get("act") == "preview" else {}
    context = {
        "section": "policies",
        "row": row,
        "sent": sent,
        "steps": [StepForm(step, at, errors) for at, step in enumerate(sent.steps)],
        "errors": errors,
        "versions": versions,
        "calendars": sorted({DEFAULT_CALENDAR, *CalendarRow.objects.values_list("slug", flat=True)[:500]}),
        "slug": request.POST.get("slug", ""),
        "seen": seen_in(request, row),
        "may_not_enable": silence.may_not_enable(row, request.user) if row else "",
        "writes": access.writes_policies(request.user),
    }
    page, part = "reviews/policies/limit.html", "reviews/policies/_limit.html"
    return show(request, page, part, context | waiting(row, request) | found | more, status=status)
