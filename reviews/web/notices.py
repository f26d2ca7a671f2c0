"""What the desk has told somebody, and what it is to tell them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reviews.actions import notice_settings as wishes
from reviews.actions import notices as owed
from reviews.models import Notice
from reviews.web import bell, keyset
from reviews.web.http import ReviewRequest, signed_in
from reviews.web.notice_forms import SettingsForm

PAGE_SIZE = 50


@signed_in
@require_safe
def notices(request: ReviewRequest) -> HttpResponse:
    """All that the bell has told, newest first."""
    rows = bell.readable(Notice.objects.on_page(request.user.pk), request.user)
    page = keyset.page(rows, by=("-id",), cursor=request.GET.get("after", ""), size=PAGE_SIZE)
    context = {"page": page, "rings": [bell.Ring.of(notice) for notice in page.rows], "section": "notices"}
    return render(request, "reviews/notices/notices.html", context)


@signed_in
@require_POST
def read_notices(request: ReviewRequest) -> HttpResponse:
    """Take one message off the bell, or all of them."""
    chosen = [int(pk) for pk in request.POST.getlist("notice") if pk.isdecimal() and len(pk) < 19]
    owed.read(request.user, chosen or None)
    return redirect("reviews:notices")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def notice_settings(request: ReviewRequest) -> HttpResponse:
    """What one is told, where and when."""
    form = SettingsForm(wishes.of(request.user), request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        wishes.save(request.user, **form.cleaned_data)
        messages.success(request, "Saved. It holds for all messages from now on.")
        return redirect("reviews:notice_settings")
    context = {"form": form, "can_mail": owed.can_mail(), "section": "notices"}
    return render(request, "reviews/notices/settings.html", context, status=422 if form.errors else 200)


urlpatterns = [
    path("notices/", notices, name="notices"),
    path("notices/read/", read_notices, name="read_notices"),
    path("notices/settings/", notice_settings, name="notice_settings"),
]
