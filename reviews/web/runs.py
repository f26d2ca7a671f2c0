"""The runs list and one run's page, live while it lasts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from reviews import access
from reviews.models import AuditHead, Intervention, Run
from reviews.web import keyset, run_acts, run_forks, run_page
from reviews.web.http import ReviewRequest, show, signed_in
from reviews.web.run_forms import RunFilter

PAGE_SIZE = 50


@signed_in
@require_safe
def runs(request: ReviewRequest) -> HttpResponse:
    """Every run a person may see, newest first; htmx asks again with the number it has ``seen``."""
    seq = _newest_for(request.user)
    if request.htmx and request.GET.get("seen") == str(seq):
        return HttpResponse(status=204)
    form = RunFilter(request.GET, user=request.user)
    wanted = form.apply(access.visible_runs(request.user)).select_related("queue", "started_by").defer("result")
    page = keyset.page(wanted, by=("-created_at", "-id"), cursor=request.GET.get("after", ""), size=PAGE_SIZE)
    context = {"form": form, "page": page, "rows": _with_questions(page.rows), "seq": seq, "section": "runs"}
    return show(request, "reviews/runs/runs.html", "reviews/runs/_rows.html", context | _links(request, page.after))


@signed_in
@require_safe
def run(request: ReviewRequest, run_id: UUID) -> HttpResponse:
    """One run, step by step."""
    found = run_page.find(request.user, run_id)
    return render(request, "reviews/runs/run.html", run_page.context(found, request.user))


@signed_in
@require_safe
def run_delta(request: ReviewRequest, run_id: UUID) -> HttpResponse:
    """The same fragments as the socket sends, for those whose network lets no socket through."""
    run_page.find(request.user, run_id)
    fragments, _ = live_fragments(request.user, run_id, request.GET.get("since", ""))
    return HttpResponse(fragments) if fragments else HttpResponse(status=204)


def live_fragments(user: User, run_id: UUID, since: str) -> tuple[str, str]:
    """The parts of a run's page as they are now, and the mark they bring it to.

    No parts when the person may not see the run, or when nothing happened to it after the mark ``since``.
    """
    found = run_page.visible(user).filter(pk=run_id).first()
    if found is None or run_page.mark(found) == since:
        return "", since
    context = run_page.context(found, user)
    return render_to_string("reviews/runs/_live.html", context | {"oob": True}), context["seq"]


def _newest_for(user: User) -> int:
    """The number of the newest line in the book; who has no queue learns not even that."""
    newest = AuditHead.objects.values_list("seq", flat=True)
    return (newest.first() or 0) if access.visible_queues(user).exists() else 0


def _with_questions(rows: list[Run]) -> list[tuple[Run, int, timedelta]]:
    """Each run with the number of its open questions and how long it has taken so far."""
    now = timezone.now()
    open_ones = Intervention.objects.open().filter(run__in=rows).order_by().values("run").annotate(count=Count("id"))
    counts = {row["run"]: row["count"] for row in open_ones}
    return [(row, counts.get(row.pk, 0), (row.finished_at or now) - row.created_at) for row in rows]


def _links(request: ReviewRequest, after: str) -> dict[str, Any]:
    """Where the list continues, and what its filters are without the place in it."""
    query = request.GET.copy()
    for name in ("after", "seen"):
        query.pop(name, None)
    is_filtered = any(value for name in query for value in query.getlist(name))
    query_text = query.urlencode()
    return {"query": query_text, "is_filtered": is_filtered, "after": after}


urlpatterns = [
    path("runs/", runs, name="runs"),
    path("runs/<uuid:run_id>/", run, name="run"),
    path("runs/<uuid:run_id>/delta", run_delta, name="run_delta"),
    *run_acts.urlpatterns,
    *run_forks.urlpatterns,
]
