"""Time limits: by when, who is asked on the way, and what happens if nobody answers; versions with their dates."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Max
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reviews import access, escalations
from reviews.actions import Conflict, Invalid, silence, time_limits
from reviews.models import Calendar as CalendarRow
from reviews.models import EscalationPolicy
from reviews.models.escalation_policy import DEFAULT_CALENDAR
from reviews.states import Risk
from reviews.web import texts
from reviews.web.http import ReviewRequest, show
from reviews.web.policies.dates import calendar_of, preview
from reviews.web.policies.doors import for_readers, for_writers
from reviews.web.policies.limit_forms import LimitForm, body_of, sent_of
from reviews.web.policies.limit_steps import StepForm

MOST = 100
STARTER = escalations.DEFAULTS[Risk.MEDIUM]


@for_readers
@require_safe
def time_limits_list(request: ReviewRequest) -> HttpResponse:
    """The newest version of each, and those that hold where a rule names none."""
    newest = EscalationPolicy.objects.values("slug").annotate(version=Max("version")).order_by("slug")[:MOST]
    wanted = {(row["slug"], row["version"]) for row in newest}
    rows = EscalationPolicy.objects.filter(slug__in=[slug for slug, _ in wanted]).select_related("written_by")
    context = {
        "section": "policies",
        "rows": [row for row in rows if (row.slug, row.version) in wanted],
        "defaults": [(Risk(risk), said) for risk, said in escalations.DEFAULTS.items()],
        "writes": access.writes_policies(request.user),
    }
    return render(request, "reviews/policies/limits.html", context)


@for_readers
@require_http_methods(["GET", "HEAD", "POST"])
def time_limit(request: ReviewRequest, slug: str, version: int) -> HttpResponse:
    """One version with its dates; a POST rearranges it, shows its dates, or writes the next version."""
    row = get_object_or_404(
        EscalationPolicy.objects.select_related("written_by", "enabled_by"),
        slug=slug.replace("\x00", ""),
        version=min(version, 2**31 - 1),
    )
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
    row = get_object_or_404(EscalationPolicy, slug=slug.replace("\x00", ""), version=min(version, 2**31 - 1))
    try:
        silence.enable(row.pk, by=request.user)
        messages.success(request, "Silence approves now, for low risk only.")
    except Conflict as conflict:
        messages.error(request, str(conflict))
    return redirect("reviews:time_limit", slug, version)


def _posted(request: ReviewRequest, row: EscalationPolicy | None) -> HttpResponse:
    if not access.writes_policies(request.user) and request.POST.get("act") != "preview":
        raise Http404("There is no such page.")
    sent = LimitForm.sent(request.POST)
    if request.POST.get("act") != "save":
        sent.arrange(request.POST.get("act", ""))
        return _show(request, row, sent)
    slug = row.slug if row else request.POST.get("slug", "")
    try:
        made = time_limits.write(
            slug, by=request.user, body=body_of(sent), seen=texts.number(request.POST.get("seen", "0"))
        )
    except Invalid as invalid:
        return _show(request, row, sent, invalid.errors, status=422)
    except Conflict as conflict:
        return _show(request, row, sent, notice=str(conflict), status=409)
    messages.success(request, f"Version {made.version} of {made.slug} holds for what is asked from now on.")
    return redirect("reviews:time_limit", made.slug, made.version)


def _show(
    request: ReviewRequest,
    row: EscalationPolicy | None,
    sent: LimitForm,
    errors: dict[str, str] | None = None,
    *,
    notice: str = "",
    status: int = 200,
) -> HttpResponse:
    body, versions = body_of(sent), EscalationPolicy.objects.filter(slug=row.slug)[:MOST] if row else []
    calendar = calendar_of(str(body.get("calendar") or DEFAULT_CALENDAR))
    found = preview(request.POST or request.GET, body, calendar)
    wrong = found.pop("errors")
    errors = errors if errors is not None else (wrong if request.method == "POST" else {})
    context = {
        "section": "policies",
        "row": row,
        "sent": sent,
        "steps": [StepForm(step, at, errors) for at, step in enumerate(sent.steps)],
        "errors": errors,
        "notice": notice,
        "versions": versions,
        "calendars": sorted({DEFAULT_CALENDAR, *CalendarRow.objects.values_list("slug", flat=True)[:500]}),
        "slug": request.POST.get("slug", ""),
        "seen": request.POST.get("seen") or (row.version if row else 0),
        "may_not_enable": silence.may_not_enable(row, request.user) if row else "",
        "writes": access.writes_policies(request.user),
    }
    page, part = "reviews/policies/limit.html", "reviews/policies/_limit.html"
    return show(request, page, part, context | found, status=status)
