"""Editing a draft: its rules as forms or all of it as JSON. What was typed comes back whatever happens."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from reviews.actions import Conflict, Invalid, enough, policy_bodies, review_policies
from reviews.models import ReviewPolicy
from reviews.web.diff import Comparison
from reviews.web.http import ReviewRequest, show
from reviews.web.policies.arranging import arrange
from reviews.web.policies.doors import for_writers
from reviews.web.policies.order import asked_first
from reviews.web.policies.page import UNREAD, find
from reviews.web.policies.sheet import NO_OBJECT, Sheet, body_of, read_json, unknown

PAGE, PART = "reviews/policies/edit.html", "reviews/policies/_editor.html"
FIELDS, JSON = "fields", "json"


@for_writers
@require_http_methods(["GET", "HEAD", "POST"])
def edit_policy(request: ReviewRequest, slug: str, version: int) -> HttpResponse:
    """Show the draft's editor; a POST rearranges it, checks it, or saves it."""
    row = find(request.user, slug, version)
    if request.method == "POST":
        return (_as_json if request.POST.get("as") == JSON else _as_fields)(request, row)
    if not row.is_draft:
        messages.error(request, f"{row} is {row.get_status_display().lower()} and no longer edited.")
        return redirect("reviews:policy", slug, version)
    return _show(request, row, Sheet.of(body_of(row)))


def _as_fields(request: ReviewRequest, row: ReviewPolicy) -> HttpResponse:
    sheet, act = Sheet.sent(request.POST), _act(request)
    if act == JSON:
        text = json.dumps(sheet.body, indent=2, ensure_ascii=False)
        return _show(request, row, Sheet({}, [], [], text=text), JSON)
    if arrange(sheet, act):
        return _show(request, row, sheet)
    if act == "save":
        return _save(request, row, sheet, sheet.body, FIELDS)
    sheet.said = "There is something to correct." if sheet.check() else "All of it can be read. It is not saved yet."
    return _show(request, row, sheet, status=422 if sheet.errors else 200)


def _as_json(request: ReviewRequest, row: ReviewPolicy) -> HttpResponse:
    text, act = request.POST.get("body", ""), _act(request)
    body, sheet = read_json(text), Sheet({}, [], [], text=text)
    if body is None:
        sheet.errors = {"": NO_OBJECT}
        return _show(request, row, sheet, JSON, status=422)
    if act == FIELDS and not unknown(body):
        return _show(request, row, Sheet.of({**body_of(row), **body}))
    if act == "save":
        return _save(request, row, sheet, body, JSON)
    sheet.errors = policy_bodies.errors_in(body)
    sheet.said = "" if sheet.errors else "All of it can be read. It is not saved yet."
    return _show(request, row, sheet, JSON, status=422 if sheet.errors else 200)


def _act(request: ReviewRequest) -> str:
    """What was pressed; the button that puts one's own in the place of theirs sends only its own name."""
    return "save" if "over" in request.POST else request.POST.get("act", "check")


def _save(request: ReviewRequest, row: ReviewPolicy, sheet: Sheet, body: dict[str, Any], way: str) -> HttpResponse:
    """Save what was read, or say what is wrong, or what somebody else has written meanwhile."""
    seen = request.POST.get("over") or request.POST.get("seen") or UNREAD
    try:
        row = review_policies.save(row.pk, by=request.user, body=body, seen=seen)
    except Invalid as invalid:
        sheet.refuse(invalid.errors)
        return _show(request, row, sheet, way, status=422)
    except Conflict as conflict:
        row = find(request.user, row.slug, row.version)
        theirs = Comparison(body_of(row), {**body_of(row), **body}) if row.is_draft else None
        return _show(request, row, sheet, way, status=409, conflict=str(conflict), theirs=theirs)
    messages.success(request, f"{row} is saved. It judges nothing until somebody else puts it in force.")
    for said in enough.too_few(row):
        messages.warning(request, said)
    return redirect("reviews:policy", row.slug, row.version)


def _show(
    request: ReviewRequest, row: ReviewPolicy, sheet: Sheet, way: str = FIELDS, *, status: int = 200, **more: Any
) -> HttpResponse:
    context = {
        "section": "policies",
        "row": row,
        "sheet": sheet,
        "way": way,
        "rules": sheet.shown() if way == FIELDS else [],
        "asked_first": _asked_first(row, sheet, way),
        "seen": request.POST.get("over") or request.POST.get("seen") or row.digest,
    }
    return show(request, PAGE, PART, context | more, status=status)


def _asked_first(row: ReviewPolicy, sheet: Sheet, way: str) -> list[str]:
    """What is asked before the policy as it is typed; as it was saved where JSON is typed."""
    body = sheet.body if way == FIELDS else body_of(row)
    return asked_first(row.slug, body["agent"], body["position"], body["rules"])
