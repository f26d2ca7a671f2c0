"""A proposed version of time limits or of a calendar: what it changes, and the second person's answer."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from reviews.actions import Conflict, agreements
from reviews.actors import name_of
from reviews.models import Calendar, EscalationPolicy
from reviews.states import Standing
from reviews.web import texts
from reviews.web.diff import Comparison
from reviews.web.http import ReviewRequest
from reviews.web.policies.doors import for_writers

KINDS: dict[str, type[Calendar] | type[EscalationPolicy]] = {"calendar": Calendar, "time_limit": EscalationPolicy}


@for_writers
@require_POST
def answer(request: ReviewRequest, kind: str, slug: str, version: int) -> HttpResponse:
    """Agree to a proposal, or turn it down; a refusal says why."""
    row = find(KINDS[kind], slug, version)
    verb = {"agree": agreements.agree, "turn_down": agreements.turn_down}.get(request.POST.get("act", ""))
    if verb is None:
        raise Http404("There is no such answer.")
    try:
        done = verb(row, by=request.user)
        messages.success(request, _done(done))
    except Conflict as conflict:
        messages.error(request, str(conflict))
    return redirect(f"reviews:{kind}", slug, version)


def find(model: Any, slug: str, version: int) -> Any:
    """The version, or 404."""
    rows = model.objects.select_related("written_by", "answered_by")
    return get_object_or_404(rows, slug=slug.replace("\x00", ""), version=min(version, 2**31 - 1))


def newest(model: Any) -> QuerySet[Any]:
    """Of each name the newest version that was not turned down: it holds, or waits for somebody to agree."""
    kept = model.objects.exclude(standing=Standing.TURNED_DOWN)
    newer = kept.filter(slug=OuterRef("slug"), version__gt=OuterRef("version"))
    rows: QuerySet[Any] = kept.filter(~Exists(newer)).select_related("written_by")
    return rows


def waiting(row: Any, request: ReviewRequest) -> dict[str, Any]:
    """What a page says of a version that waits: what it changes in the one that holds, and why not to agree."""
    if row is None or not row.is_proposed:
        return {}
    holds = type(row).objects.newest(row.slug).first()
    return {
        "holds": holds,
        "changes": Comparison(holds.body if holds else {}, row.body).lines,
        "may_not_agree": agreements.hindrance(row, request.user),
        "author": name_of(row.written_by) if row.written_by else "The system",
    }


def seen_in(request: ReviewRequest, row: Any) -> int:
    """The version that what was typed is meant to follow."""
    said = request.POST.get("over") or request.POST.get("seen")
    return texts.number(said) if said else (row.version if row else 0)


def conflict_with(model: Any, slug: str, body: Any) -> dict[str, Any]:
    """What a colleague wrote meanwhile beside what was typed, and the version that this would follow."""
    theirs = newest(model).filter(slug=slug).first()
    if theirs is None:
        return {}
    return {"theirs": Comparison(theirs.body, body).lines, "over": theirs.version}


def told(made: Calendar | EscalationPolicy) -> str:
    """What has come of saving."""
    if made.is_proposed:
        return (
            f"Version {made.version} of {made.slug} is proposed: rules in force use it, so somebody else has to agree."
        )
    return f"Version {made.version} of {made.slug} holds for what is asked from now on."


def _done(row: Calendar | EscalationPolicy) -> str:
    if row.standing == Standing.IN_FORCE:
        return f"Version {row.version} of {row.slug} holds for what is asked from now on."
    return f"Version {row.version} of {row.slug} is turned down."
