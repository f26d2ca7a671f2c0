"""One question: its review pane, and what a reviewer does there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST, require_safe

from reviews.actions import Conflict, Invalid, interventions
from reviews.actions.eligibility import NotEligible
from reviews.models import Intervention
from reviews.web import ready, review
from reviews.web.filters import Filter
from reviews.web.forms import DecisionForm
from reviews.web.http import ReviewRequest, show, signed_in
from reviews.web.inbox import board

PAGE = "reviews/interventions/intervention.html"
PANE = "reviews/interventions/_pane.html"
REVIEW = "reviews/interventions/_review.html"


@signed_in
@require_safe
def intervention(request: ReviewRequest, intervention_id: UUID) -> HttpResponse:
    """The question beside the inbox."""
    item = review.find(request.user, intervention_id)
    return _show(request, item, DecisionForm(item), part=PANE)


@signed_in
@require_POST
def decide(request: ReviewRequest, intervention_id: UUID) -> HttpResponse:
    """Give a verdict."""
    item = review.find(request.user, intervention_id)
    form = DecisionForm(item, ready.filled(request.POST, item))
    if not form.is_valid():
        return _show(request, item, form, status=422)
    return _attempt(request, item, form, partial(interventions.decide, item.pk, by=request.user, **form.said()))


@signed_in
@require_POST
def claim(request: ReviewRequest, intervention_id: UUID) -> HttpResponse:
    """Reserve the question."""
    item = review.find(request.user, intervention_id)
    return _attempt(request, item, DecisionForm(item), partial(interventions.claim, item.pk, by=request.user))


@signed_in
@require_POST
def release(request: ReviewRequest, intervention_id: UUID) -> HttpResponse:
    """Give the question back to everybody."""
    item = review.find(request.user, intervention_id)
    return _attempt(request, item, DecisionForm(item), partial(interventions.release, item.pk, by=request.user))


@signed_in
@require_POST
def preview(request: ReviewRequest, intervention_id: UUID) -> HttpResponse:
    """Show what an edit would change, before anything is decided."""
    item = review.find(request.user, intervention_id)
    form = DecisionForm(item, request.POST)
    seen = review.preview(form)
    if request.htmx:
        return render(request, "reviews/interventions/_preview.html", {"preview": seen, "is_part": True})
    return _show(request, item, form, preview=seen)


@signed_in
@require_safe
def aftermath(request: ReviewRequest, intervention_id: UUID) -> HttpResponse:
    """What came of a decision so far; the pane asks again while the run moves."""
    item = review.find(request.user, intervention_id)
    return render(request, "reviews/interventions/_aftermath.html", {"item": item})


def again(request: ReviewRequest, item: Intervention, *, notice: str = "", status: int = 200) -> HttpResponse:
    """Show the question read anew, after something was done to it beside deciding it."""
    fresh = review.find(request.user, item.pk)
    return _show(request, fresh, DecisionForm(fresh), notice=notice, status=status)


def _attempt(request: ReviewRequest, item: Intervention, form: DecisionForm, act: Callable[[], object]) -> HttpResponse:
    """Do it and show the question as it is then; a refusal keeps what was typed."""
    try:
        act()
    except Conflict as conflict:
        return _again(request, item, notice=str(conflict), status=409)
    except NotEligible as refused:
        shown = _again(request, item, notice=str(refused), status=403)
        shown.headers["X-Shows"] = "review"  # unlike other 403s it belongs in the pane; see rows.js
        return shown
    except Invalid as invalid:
        form.blame(invalid.errors)
        return _show(request, item, form, status=422)
    if request.htmx:
        return _again(request, item)
    return redirect(reverse("reviews:intervention", args=[item.pk]) + Filter.read(request.GET).link())


def _again(request: ReviewRequest, item: Intervention, *, notice: str = "", status: int = 200) -> HttpResponse:
    """Show the question read anew, with what was typed if it was refused."""
    fresh = review.find(request.user, item.pk)
    form = DecisionForm(fresh, request.POST if notice else None)
    return _show(request, fresh, form, notice=notice, status=status)


def _show(
    request: ReviewRequest,
    item: Intervention,
    form: DecisionForm,
    *,
    part: str = REVIEW,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    context = review.context(request.user, item, form, Filter.read(request.GET)) | more
    if not request.htmx:
        context |= board(request, item)
    return show(request, PAGE, part, context, status=status)


_one = "interventions/<uuid:intervention_id>/"
urlpatterns = [
    path(_one, intervention, name="intervention"),
    path(f"{_one}decide/", decide, name="decide"),
    path(f"{_one}claim/", claim, name="claim"),
    path(f"{_one}release/", release, name="release"),
    path(f"{_one}preview/", preview, name="preview"),
    path(f"{_one}aftermath/", aftermath, name="aftermath"),
]
