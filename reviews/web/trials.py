"""Trying another verdict on a decided question, and what came of it beside what really happened."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_safe

from reviews import access, catalog
from reviews.actions import Conflict, Invalid, trials
from reviews.models import Intervention
from reviews.web import comparison, review, run_page, vote, wording
from reviews.web.forms import DecisionForm
from reviews.web.http import ReviewRequest, show, signed_in


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def try_verdict(request: ReviewRequest, intervention_id: UUID) -> HttpResponse:
    """Choose another verdict; then watch what it comes to."""
    item = review.find(request.user, intervention_id)
    access.require_operator(request.user, item.run)
    if request.method != "POST":
        if not review.may_try(request.user, item):
            return redirect("reviews:intervention", item.pk)
        return _form(request, item, DecisionForm(item))
    form = DecisionForm(item, request.POST)
    if not form.is_valid():
        return _form(request, item, form, status=422)
    said = {name: value for name, value in form.said().items() if name not in ("reason", "version")}
    try:
        return redirect("reviews:compare", trials.try_verdict(item.pk, by=request.user, **said).pk)
    except Invalid as invalid:
        form.blame(invalid.errors)
        return _form(request, item, form, status=422)
    except (Conflict, catalog.UnknownAgent) as refused:
        return _form(request, item, form, status=409, notice=str(refused))


@signed_in
@require_safe
def compare(request: ReviewRequest, run_id: UUID) -> HttpResponse:
    """A dry run beside the run it was tried on; htmx asks again while it goes on."""
    run = run_page.find(request.user, run_id)
    if not run.dry_run:
        raise Http404
    context = comparison.of(run) | {"section": "runs"}
    return show(request, "reviews/runs/compare.html", "reviews/runs/_compare.html", context)


def _form(
    request: ReviewRequest, item: Intervention, form: DecisionForm, *, status: int = 200, notice: str = ""
) -> HttpResponse:
    context = {
        "item": item,
        "form": form,
        **{name: vote.context(request.user, item)[name] for name in ("decision", "deciders")},
        "options": wording.options(item),
        "notice": notice,
        "section": "inbox",
    }
    return render(request, "reviews/interventions/try.html", context, status=status)


urlpatterns = [
    path("interventions/<uuid:intervention_id>/try/", try_verdict, name="try"),
    path("runs/<uuid:run_id>/compare/", compare, name="compare"),
]
