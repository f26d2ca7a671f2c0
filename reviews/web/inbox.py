"""The inbox: what waits for a human, first due first."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, QueryDict
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from reviews import access
from reviews.models import Intervention
from reviews.web import fragments, keyset, texts
from reviews.web.filters import ORDER, Filter, FilterForm
from reviews.web.fragments import Row
from reviews.web.http import ReviewRequest, show, signed_in

PAGE_SIZE = 50
CHOICES = 500
"""Pairs of agent and tool that are looked through for the filter menus."""


@signed_in
@require_safe
def inbox(request: ReviewRequest) -> HttpResponse:
    """The list, and an empty pane beside it."""
    return show(request, "reviews/inbox/inbox.html", "reviews/inbox/_list.html", board(request))


@signed_in
@require_safe
def inbox_delta(request: ReviewRequest) -> HttpResponse:
    """The same fragments as the socket sends, for those whose network lets no socket through."""
    since = texts.number(request.GET.get("since", ""))
    found = fragments.since(request.user, Filter.read(request.GET), since, is_owed="owed" in request.GET)
    if not found.html:
        return HttpResponse(status=204)
    return HttpResponse(found.html + fragments.mark(found.seq))


def board(request: ReviewRequest, opened: Intervention | None = None) -> dict[str, Any]:
    """Return what the list shows; the sequence number is read first, so that nothing falls between page and socket."""
    user, chosen = request.user, Filter.read(request.GET)
    seq = fragments.newest() if access.visible_queues(user).exists() else 0  # who has no queue learns not even a number
    rows = chosen.applied(fragments.waiting(user), user).select_related("claimed_by", "assignee")
    page = keyset.page(rows, by=ORDER, cursor=request.GET.get("after", ""), size=PAGE_SIZE)
    return {
        "section": "inbox",
        "rows": [Row.of(item, user.pk, chosen) for item in page.rows],
        "page": page,
        "next_page": _next(request.GET, page.after),
        "filter_form": _filter_form(request, chosen),
        "opened": opened,
        "seq": seq,
        "live_url": f"/ws/inbox/{chosen.link()}",
        "poll_url": reverse("reviews:inbox_delta") + chosen.link(),
        "keep": chosen.link(),
        "without_search": chosen.link(q=""),
        "cleared": Filter(tab=chosen.tab).link(),
        **fragments.summary(user, chosen),
    }


def _filter_form(request: ReviewRequest, chosen: Filter) -> FilterForm:
    queues = access.visible_queues(request.user)
    pairs = fragments.waiting(request.user).order_by().values_list("agent", "tool").distinct()[:CHOICES]
    used: dict[str, set[str]] = {"agent": set(), "tool": set()}
    for agent, tool in pairs:
        used["agent"].add(agent)
        used["tool"] |= {tool} - {""}
    return FilterForm(chosen, queues=list(queues), used=used)


def _next(query: QueryDict, cursor: str) -> str:
    following = query.copy()
    following["after"] = cursor
    return f"?{following.urlencode()}" if cursor else ""


urlpatterns = [
    path("", inbox, name="inbox"),
    path("inbox/delta", inbox_delta, name="inbox_delta"),
]
