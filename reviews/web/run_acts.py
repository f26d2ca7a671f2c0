"""Starting a run, and stopping, pausing, continuing and retrying one."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST

from reviews import catalog
from reviews.actions import Conflict, Invalid, runs
from reviews.models import Run
from reviews.states import ToolCallStatus
from reviews.web import run_page
from reviews.web.http import ReviewRequest, signed_in
from reviews.web.run_forms import StartForm, startable


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: ReviewRequest) -> HttpResponse:
    """Choose an agent, say what it should do, and go to its run."""
    cards = startable(request.user)
    if request.method != "POST":
        return _show_start(request, StartForm(initial=_wished(request, cards), cards=cards), cards)
    form = StartForm(request.POST, cards=cards)
    if form.is_valid():
        try:
            return redirect("reviews:run", runs.submit(**form.cleaned_data, by=request.user).pk)
        except Invalid as invalid:
            form.complain(invalid.errors)
        except catalog.UnknownAgent as unknown:
            form.complain({"agent": str(unknown)})
    return _show_start(request, form, cards, status=422)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: ReviewRequest, run_id: UUID) -> HttpResponse:
    """Ask once more, with room for a reason; then end the run."""
    run = run_page.find(request.user, run_id)
    if request.method != "POST" and "stop" in run_page.acts(run, request.user):
        return render(request, "reviews/runs/stop.html", {"run": run, "section": "runs"})
    if request.method != "POST":
        return redirect("reviews:run", run_id)
    return _do(request, run_id, lambda: runs.stop(run_id, by=request.user, reason=request.POST.get("reason", "")))


@signed_in
@require_POST
def pause(request: ReviewRequest, run_id: UUID) -> HttpResponse:
    """Hold the run at its next gate."""
    return _do(request, run_id, lambda: runs.pause(run_id, by=request.user))


@signed_in
@require_POST
def resume(request: ReviewRequest, run_id: UUID) -> HttpResponse:
    """Let a held run go on."""
    return _do(request, run_id, lambda: runs.resume(run_id, by=request.user))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def retry(request: ReviewRequest, run_id: UUID) -> HttpResponse:
    """Say what nobody knows of the old run, and ask; then start a new one with the same request, and go there."""
    if request.method != "POST":
        run = run_page.find(request.user, run_id)
        if "retry" not in run_page.acts(run, request.user):
            return redirect("reviews:run", run_id)
        unknown = run.tool_calls.filter(status=ToolCallStatus.UNKNOWN).defer("schema", "output")
        return render(request, "reviews/runs/retry.html", {"run": run, "unknown": unknown, "section": "runs"})
    return _do(request, run_id, lambda: runs.retry(run_id, by=request.user))


def _do(request: ReviewRequest, run_id: UUID, verb: Callable[[], Run]) -> HttpResponse:
    run_page.find(request.user, run_id)  # 404 before 403: who may not see it learns nothing
    try:
        return redirect("reviews:run", verb().pk)
    except (Conflict, catalog.UnknownAgent) as refused:
        run = run_page.find(request.user, run_id)
        context = run_page.context(run, request.user, notice=str(refused))
        return render(request, "reviews/runs/run.html", context, status=409)


def _wished(request: ReviewRequest, cards: list[catalog.AgentCard]) -> dict[str, str]:
    wished = next((card for card in cards if card.slug == request.GET.get("agent")), None)
    if wished is None:
        return {"agent": cards[0].slug if len(cards) == 1 else ""}
    return {"agent": wished.slug, "input": wished.sample_input if "sample" in request.GET else ""}


def _show_start(
    request: ReviewRequest, form: StartForm, cards: list[catalog.AgentCard], *, status: int = 200
) -> HttpResponse:
    context = {"form": form, "cards": cards, "section": "start"}
    return render(request, "reviews/runs/start.html", context, status=status)


urlpatterns = [
    path("runs/new/", start, name="start"),
    path("runs/<uuid:run_id>/stop/", stop, name="stop"),
    path("runs/<uuid:run_id>/pause/", pause, name="pause"),
    path("runs/<uuid:run_id>/resume/", resume, name="resume"),
    path("runs/<uuid:run_id>/retry/", retry, name="retry"),
]
