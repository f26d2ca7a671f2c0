"""The audit log, for auditors and admins: read, filter, verify, export. Nothing here can change an entry."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.http import content_disposition_header, urlencode
from django.views.decorators.http import require_POST, require_safe

from reviews import access, audit
from reviews.actors import Actor
from reviews.audit import Act, ledger
from reviews.models import AuditEntry, AuditHead
from reviews.web import audit_export, audit_rows, keyset
from reviews.web.audit_forms import AuditFilter
from reviews.web.http import ReviewRequest, signed_in
from reviews.web.withheld import Blindfold

P = ParamSpec("P")
PAGE_SIZE = 100
logger = logging.getLogger(__name__)
FORMATS = {
    "csv": (audit_export.as_csv, "text/csv; charset=utf-8"),
    "jsonl": (audit_export.as_jsonl, "application/jsonl"),
}


def for_auditors(
    view: Callable[Concatenate[ReviewRequest, P], HttpResponseBase],
) -> Callable[Concatenate[ReviewRequest, P], HttpResponseBase]:
    """Let signed-in auditors and admins in; for everybody else there is no such page."""

    @wraps(view)
    def guarded(request: ReviewRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not access.sees_audit(request.user):
            raise Http404
        return view(request, *args, **kwargs)

    return signed_in(guarded)


@for_auditors
@require_safe
def audit_log(request: ReviewRequest) -> HttpResponse:
    """The newest entries first, and whether the chain holds."""
    return _page(request, AuditFilter(request.GET), _standing())


def _page(request: ReviewRequest, form: AuditFilter, standing: dict[str, Any], *, status: int = 200) -> HttpResponse:
    blindfold = Blindfold(request.user)
    page = keyset.page(_wanted(form, blindfold), by=("-seq",), cursor=request.GET.get("after", ""), size=PAGE_SIZE)
    query = {name: value for name in form.fields if (value := form.data.get(name))}
    context = {"form": form, "page": page, "rows": [audit_rows.of(blindfold.over(entry)) for entry in page.rows]}
    more = {"query": urlencode(query), "is_filtered": bool(query), "section": "audit"}
    return render(request, "reviews/audit_log/audit_log.html", context | more | standing, status=status)


def _wanted(form: AuditFilter, blindfold: Blindfold) -> QuerySet[AuditEntry]:
    """What passes the filters; who looks for one person's acts must not learn from them whose a hidden vote is."""
    entries = form.apply(AuditEntry.objects.all())
    return blindfold.without_hidden(entries) if form.data.get("actor") else entries


@for_auditors
@require_safe
def audit_entry(request: ReviewRequest, seq: int) -> HttpResponse:
    """One entry, all of it, with its place in the chain."""
    entry = get_object_or_404(AuditEntry, pk=seq)
    before = AuditEntry.objects.filter(seq=seq - 1).first()
    is_whole = ledger.digest(entry) == entry.digest  # before anything is withheld of it
    shown = Blindfold(request.user).over(entry)
    context = {
        "entry": shown,
        "row": audit_rows.of(shown),
        "is_whole": is_whole,
        "is_linked": before.digest == entry.previous if before else seq == 1,
        "before": before,
        "after": AuditEntry.objects.filter(seq=seq + 1).first(),
        "section": "audit",
    }
    return render(request, "reviews/audit_log/audit_entry.html", context)


@for_auditors
@require_POST
def verify_audit(request: ReviewRequest) -> HttpResponse:
    """Walk the chain now and write into the book what was found."""
    match audit.verify():
        case audit.Verified(entries, head):
            found: dict[str, Any] = {"entries": entries, "head": head}
        case audit.Broken(seq, problem):
            found = {"broken_at": seq, "problem": problem}
    by = Actor.of(request.user)
    try:
        with transaction.atomic():
            audit.record(Act("audit.verified", by, data=found))
    except DatabaseError:  # a book that somebody tampered with may take no further entry
        logger.exception("a verification could not be written into the book")
        checked = AuditEntry(action="audit.verified", actor=by.name, at=timezone.now())
        return _page(request, AuditFilter({}), _standing() | _said(checked, found) | {"is_unwritten": True})
    return redirect("reviews:audit_log")


@for_auditors
@require_POST
def export_audit(request: ReviewRequest) -> HttpResponseBase:
    """The filtered entries as a file. That somebody took them is itself written into the book."""
    form = AuditFilter(request.POST)
    name = request.POST.get("format", "")
    if name not in FORMATS:
        form.add_error(None, "Choose CSV or JSON lines as the format of the export.")
    if not form.is_valid():
        return _page(request, form, _standing(), status=422)
    write, content_type = FORMATS[name]
    manifest = _signed_manifest(request, form, name)
    blindfold = Blindfold(request.user).tied()
    entries = _wanted(form, blindfold)
    filename = f"foureyes-audit-{timezone.now():%Y%m%dT%H%M%SZ}.{name}"
    headers = {"Content-Disposition": content_disposition_header(True, filename) or ""}
    return StreamingHttpResponse(write(entries, manifest, blindfold), content_type=content_type, headers=headers)


@transaction.atomic
def _signed_manifest(request: ReviewRequest, form: AuditFilter, name: str) -> audit_export.Manifest:
    head = AuditHead.objects.select_for_update().get_or_create(pk=1)[0]
    by, filters = Actor.of(request.user), form.asked()
    audit.record(Act("audit.exported", by, data={"format": name, "filters": filters, "up_to": head.seq}))
    return audit_export.Manifest(audit_export.moment(timezone.now()), by.name, filters, head.seq, head.digest)


def _standing() -> dict[str, Any]:
    """How long the chain is, and what the newest verification said of it."""
    head = AuditHead.objects.filter(pk=1).first() or AuditHead()
    checked = AuditEntry.objects.filter(action="audit.verified").order_by("-seq").first()
    found = audit_rows.data_of(checked) if checked else {}
    return {"head": head, **_said(checked, found)}


def _said(checked: AuditEntry | None, found: dict[str, Any]) -> dict[str, Any]:
    is_there = bool(found.get("problem")) and AuditEntry.objects.filter(pk=found.get("broken_at", 0)).exists()
    return {"checked": checked, "found": found, "is_there": is_there}


urlpatterns = [
    path("audit/", audit_log, name="audit_log"),
    path("audit/<int:seq>/", audit_entry, name="audit_entry"),
    path("audit/verify/", verify_audit, name="verify_audit"),
    path("audit/export/", export_audit, name="export_audit"),
]
