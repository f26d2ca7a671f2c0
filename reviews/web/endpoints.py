"""The chat rooms and programs that hear of a queue, for those who look after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reviews import access
from reviews.actions import Conflict, Invalid
from reviews.actions import endpoints as verbs
from reviews.actions import notices as owed
from reviews.models import Endpoint, Notice, Queue
from reviews.sealing import Unsealable
from reviews.web.http import ReviewRequest
from reviews.web.notice_forms import DESK, ChangeForm, EndpointForm
from reviews.web.outbox import for_managers

SHOWN = 200


@for_managers
@require_safe
def endpoints(request: ReviewRequest, queues: list[Queue]) -> HttpResponse:
    """The addresses of one's queues."""
    where = Q(queue__in=queues) | (Q(queue=None) if _is_admin(request) else Q(pk=None))
    found = (
        Endpoint.objects.present().filter(where).select_related("queue").order_by("queue__name", "name", "id")[:SHOWN]
    )
    return render(request, "reviews/notices/endpoints.html", {"endpoints": list(found), "section": "outbox"})


@for_managers
@require_http_methods(["GET", "HEAD", "POST"])
def add_endpoint(request: ReviewRequest, queues: list[Queue]) -> HttpResponse:
    """Make a new address; its secret is shown on the answer, once."""
    data = request.POST if request.method == "POST" else None
    form = EndpointForm(queues, data, desk=_is_admin(request), is_active=True, kinds=["escalated", "overdue"])
    if form.is_bound and form.is_valid():
        chosen = form.cleaned_data
        queue = next((queue for queue in queues if str(queue.pk) == chosen["queue"]), None)
        if queue is not None or chosen["queue"] == DESK:
            said = {name: chosen[name] for name in ("channel", "name", "url", "kinds")}
            made = _attempt(form, lambda: verbs.add(by=request.user, queue=queue, host=form.host, **said))
            if made is not None:
                return _done(request, made[0], made[1])
    return _form(request, form, None)


@for_managers
@require_http_methods(["GET", "HEAD", "POST"])
def endpoint(request: ReviewRequest, queues: list[Queue], endpoint_id: UUID) -> HttpResponse:
    """Change an address, and see what became of the last messages to it."""
    found = _find(request, endpoint_id)
    form = ChangeForm(found, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        chosen = form.cleaned_data
        said = {name: chosen[name] for name in ("kinds", "is_active", "url")}
        host = form.host if chosen["url"] else ""
        if _attempt(form, lambda: verbs.change(found.pk, by=request.user, host=host, **said)) is not None:
            messages.success(request, "Saved.")
            return redirect("reviews:endpoint", found.pk)
    return _form(request, form, found)


@for_managers
@require_POST
def test_endpoint(request: ReviewRequest, queues: list[Queue], endpoint_id: UUID) -> HttpResponse:
    """Send a message that only says that it arrives."""
    verbs.test(_find(request, endpoint_id).pk, by=request.user)
    messages.success(request, "A test message goes out within seconds; below is what becomes of it.")
    return redirect("reviews:endpoint", endpoint_id)


@for_managers
@require_POST
def rotate_secret(request: ReviewRequest, queues: list[Queue], endpoint_id: UUID) -> HttpResponse:
    """Replace the secret; the new one is shown on the answer, once."""
    found = _find(request, endpoint_id)
    try:
        return _done(request, found, verbs.rotate(found.pk, by=request.user, seen=request.POST.get("seen", "")))
    except (Conflict, Invalid, Unsealable) as refused:
        messages.error(request, str(refused))
    return redirect("reviews:endpoint", endpoint_id)


@for_managers
@require_POST
def remove_endpoint(request: ReviewRequest, queues: list[Queue], endpoint_id: UUID) -> HttpResponse:
    """Delete an address."""
    verbs.remove(_find(request, endpoint_id).pk, by=request.user)
    messages.success(request, "Removed. Nothing more is sent there.")
    return redirect("reviews:endpoints")


def _attempt(form: EndpointForm, act: Callable[[], Any]) -> Any:
    """Do it; None, and the form blamed, where it was refused."""
    try:
        return act()
    except Invalid as invalid:
        for name, text in invalid.errors.items():
            form.add_error(name if name in form.fields else None, text)
    except Unsealable as refused:
        form.add_error(None, str(refused))
    return None


def _form(request: ReviewRequest, form: EndpointForm, found: Endpoint | None) -> HttpResponse:
    last = list(Notice.objects.filter(endpoint=found).order_by("-id")[:5]) if found else []
    seen = verbs.mark(found) if found else ""
    context = {"form": form, "endpoint": found, "seen": seen, "last": last, "section": "outbox"}
    return render(request, "reviews/notices/endpoint.html", context, status=422 if form.errors else 200)


def _done(request: ReviewRequest, found: Endpoint, secret: str) -> HttpResponse:
    """Show the secret the only time it is shown; an answer that no cache and no history keeps."""
    if not secret:
        messages.success(request, "Saved. Send a test message to see that it arrives.")
        return redirect("reviews:endpoint", found.pk)
    context = {"endpoint": found, "secret": secret, "section": "outbox"}
    response = render(request, "reviews/notices/secret.html", context)
    add_never_cache_headers(response)
    return response


def _find(request: ReviewRequest, endpoint_id: UUID) -> Endpoint:
    found = Endpoint.objects.present().select_related("queue").filter(pk=endpoint_id).first()
    if found is None or not owed.may_manage(request.user, found.queue_id):
        raise Http404
    return found


def _is_admin(request: ReviewRequest) -> bool:
    return access.has_role(request.user, access.ADMIN)


_one = "notices/endpoints/<uuid:endpoint_id>/"
urlpatterns = [
    path("notices/endpoints/", endpoints, name="endpoints"),
    path("notices/endpoints/new/", add_endpoint, name="add_endpoint"),
    path(_one, endpoint, name="endpoint"),
    path(f"{_one}test/", test_endpoint, name="test_endpoint"),
    path(f"{_one}rotate/", rotate_secret, name="rotate_secret"),
    path(f"{_one}remove/", remove_endpoint, name="remove_endpoint"),
]
