"""What a reviewer does to one question beside deciding it: hold on, put aside, ask back, go up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from reviews import access
from reviews.actions import Conflict, Invalid, asking_back, assignments, holding
from reviews.actions.eligibility import NotEligible
from reviews.models import AskBack, Intervention
from reviews.web import interventions, review, texts
from reviews.web.filters import Filter
from reviews.web.http import ReviewRequest, signed_in

MOST_MINUTES = 100_000


@signed_in
@require_POST
def renew(request: ReviewRequest, intervention_id: UUID) -> HttpResponse:
    """The page says that its reader is at work; their claim lasts on, if it is theirs still."""
    item = review.find(request.user, intervention_id)
    until = holding.renew(item.pk, by=request.user)
    if until is None:
        return JsonResponse({"until": None}, status=409)
    return JsonResponse({"until": until.isoformat(), "shown": f"{timezone.localtime(until):%H:%M}"})


@signed_in
@require_POST
def snooze(request: ReviewRequest, intervention_id: UUID) -> HttpResponse:
    """Put the question aside for so many minutes."""
    until = timezone.now() + timedelta(minutes=_minutes(request))
    return _attempt(request, intervention_id, partial(holding.snooze, until=until))


@signed_in
@require_POST
def unsnooze(request: ReviewRequest, intervention_id: UUID) -> HttpResponse:
    """Bring it back."""
    return _attempt(request, intervention_id, holding.unsnooze)


@signed_in
@require_POST
def extend(request: ReviewRequest, intervention_id: UUID) -> HttpResponse:
    """Give it more time."""
    reason = request.POST.get("reason", "")
    return _attempt(request, intervention_id, partial(holding.extend, seconds=60 * _minutes(request), reason=reason))


@signed_in
@require_POST
def escalate(request: ReviewRequest, intervention_id: UUID) -> HttpResponse:
    """Take it one level up."""
    return _attempt(request, intervention_id, partial(assignments.escalate, reason=request.POST.get("reason", "")))


@signed_in
@require_POST
def take(request: ReviewRequest, intervention_id: UUID) -> HttpResponse:
    """Assign it to oneself."""
    return _attempt(request, intervention_id, partial(assignments.assign, to=request.user))


@signed_in
@require_POST
def ask_back(request: ReviewRequest, intervention_id: UUID) -> HttpResponse:
    """Ask the person behind the run."""
    item = review.find(request.user, intervention_id)
    people = {person.get_username(): person for person in asking_back.whom(item, request.user)}
    person = people.get(request.POST.get("of", ""))
    if person is None:
        notice = "Choose whom to ask." if people else "There is nobody behind this run who can be asked."
        return interventions.again(request, item, notice=notice, status=422)
    question = request.POST.get("question", "")
    return _attempt(request, intervention_id, partial(asking_back.ask, of=person, question=question))


@signed_in
@require_POST
def withdraw(request: ReviewRequest, intervention_id: UUID) -> HttpResponse:
    """Need no answer any more."""
    return _attempt(request, intervention_id, asking_back.withdraw)


@signed_in
@require_POST
def answer_back(request: ReviewRequest, intervention_id: UUID) -> HttpResponse:
    """Answer what was asked; who could read the question only for that goes back to the inbox."""
    if (late := _unseen_now(request, intervention_id)) is not None:
        return late
    item = review.find(request.user, intervention_id)
    try:
        asking_back.answer(item.pk, answer=request.POST.get("answer", ""), by=request.user)
    except Conflict as conflict:
        # who was asked may read it only while somebody waits for the answer
        late = _unseen_now(request, intervention_id)
        return late or interventions.again(request, item, notice=str(conflict), status=409)
    except Invalid as invalid:
        return interventions.again(request, item, notice=str(invalid), status=422)
    messages.success(request, "Your answer was sent.")
    if not access.visible_interventions(request.user).filter(pk=item.pk).exists():
        return redirect("reviews:inbox")
    return _back(request, item)


def _unseen_now(request: ReviewRequest, intervention_id: UUID) -> HttpResponse | None:
    """Tell somebody who was asked, and may not read the question any more, that their answer came too late.

    They get their words back, and learn nothing else of it.
    """
    asked = AskBack.objects.filter(intervention=intervention_id, asked_of=request.user)
    if access.visible_interventions(request.user).filter(pk=intervention_id).exists() or not asked.exists():
        return None
    said = request.POST.get("answer", "")[: asking_back.MAX_TEXT]
    return render(request, "reviews/interventions/answer_late.html", {"said": said, "section": "inbox"}, status=409)


def _attempt(request: ReviewRequest, intervention_id: UUID, act: Callable[..., object]) -> HttpResponse:
    """Do it and show the question as it is then; what was typed for the verdict is kept by the page."""
    item = review.find(request.user, intervention_id)
    try:
        act(item.pk, by=request.user)
    except Conflict as conflict:
        return interventions.again(request, item, notice=str(conflict), status=409)
    except Invalid as invalid:
        return interventions.again(request, item, notice=str(invalid), status=422)
    except NotEligible as refused:
        return interventions.again(request, item, notice=str(refused), status=403)
    return interventions.again(request, item) if request.htmx else _back(request, item)


def _back(request: ReviewRequest, item: Intervention) -> HttpResponse:
    return redirect(reverse("reviews:intervention", args=[item.pk]) + Filter.read(request.GET).link())


def _minutes(request: ReviewRequest) -> int:
    return min(texts.number(request.POST.get("minutes", "")), MOST_MINUTES)


_one = "interventions/<uuid:intervention_id>/"
urlpatterns = [
    path(f"{_one}renew/", renew, name="renew"),
    path(f"{_one}snooze/", snooze, name="snooze"),
    path(f"{_one}unsnooze/", unsnooze, name="unsnooze"),
    path(f"{_one}extend/", extend, name="extend"),
    path(f"{_one}escalate/", escalate, name="escalate"),
    path(f"{_one}take/", take, name="take"),
    path(f"{_one}ask-back/", ask_back, name="ask_back"),
    path(f"{_one}ask-back/withdraw/", withdraw, name="withdraw"),
    path(f"{_one}ask-back/answer/", answer_back, name="answer_back"),
]
