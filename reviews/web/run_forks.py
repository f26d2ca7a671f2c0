"""Running again from a checkpoint."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from reviews import catalog
from reviews.actions import Conflict, forks
from reviews.models import Checkpoint
from reviews.web import run_page
from reviews.web.http import ReviewRequest, signed_in


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def fork(request: ReviewRequest, run_id: UUID, number: int) -> HttpResponse:
    """Say what running again means, and ask; then do it."""
    run = run_page.find(request.user, run_id)
    checkpoint = get_object_or_404(run.checkpoints.defer("state"), number=number)
    if request.method != "POST":
        if "fork" not in run_page.acts(run, request.user):
            return redirect("reviews:run", run_id)
        return render(request, "reviews/runs/fork.html", _context(checkpoint))
    try:
        return redirect("reviews:run", forks.fork(checkpoint.pk, by=request.user).pk)
    except (Conflict, catalog.UnknownAgent) as refused:
        context = _context(checkpoint) | {"notice": str(refused)}
        return render(request, "reviews/runs/fork.html", context, status=409)


def _context(checkpoint: Checkpoint) -> dict[str, Any]:
    calls = checkpoint.tool_calls.defer("schema", "output")
    return {"run": checkpoint.run, "checkpoint": checkpoint, "calls": calls, "section": "runs"}


urlpatterns = [path("runs/<uuid:run_id>/fork/<int:number>/", fork, name="fork")]
