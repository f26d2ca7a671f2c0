"""What the desk sends out, for those who look after it: how each message stands, and what was given up."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from reviews import access
from reviews.actions import Conflict
from reviews.actions import notices as owed
from reviews.models import Notice, Queue
from reviews.states import NoticeChannel, NoticeStatus
from reviews.web import keyset
from reviews.web.http import ReviewRequest, signed_in
from reviews.web.notice_forms import OutboxFilter

P = ParamSpec("P")
PAGE_SIZE = 50
MOST_COUNTED = 1000


def for_managers(
    view: Callable[Concatenate[ReviewRequest, list[Queue], P], HttpResponseBase],
) -> Callable[Concatenate[ReviewRequest, P], HttpResponseBase]:
    """Let in who looks after some queue's messages, with these queues; for everybody else there is no such page."""

    @wraps(view)
    def guarded(request: ReviewRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        queues = owed.managed_queues(request.user)
        if not queues and not access.has_role(request.user, access.ADMIN):
            raise Http404
        return view(request, queues, *args, **kwargs)

    return signed_in(guarded)


@for_managers
@require_safe
def outbox(request: ReviewRequest, queues: list[Queue]) -> HttpResponse:
    """The messages of one's queues, newest first."""
    form = OutboxFilter(request.GET, queues)
    mine = _mine(request, queues)
    rows = form.apply(mine).select_related("queue", "intervention")
    page = keyset.page(rows, by=("-id",), cursor=request.GET.get("after", ""), size=PAGE_SIZE)
    query = {name: value for name in form.fields if (value := form.data.get(name))}
    context = {
        "form": form,
        "page": page,
        "query": urlencode(query),
        "is_filtered": bool(query),
        "dead": mine.filter(pk__in=mine.filter(status=NoticeStatus.DEAD).values("pk")[:MOST_COUNTED]).aggregate(
            number=Count("pk")
        )["number"],
        "can_mail": owed.can_mail(),
        "section": "outbox",
    }
    return render(request, "reviews/notices/outbox.html", context)


@for_managers
@require_POST
def send_again(request: ReviewRequest, queues: list[Queue], notice_id: int) -> HttpResponse:
    """Owe a message anew that was given up."""
    try:
        owed.send_again(notice_id, by=request.user)
    except Conflict as conflict:
        messages.error(request, str(conflict))
    else:
        messages.success(request, "The message goes out again within seconds.")
    return redirect("reviews:outbox")


def _mine(request: ReviewRequest, queues: list[Queue]) -> QuerySet[Notice]:
    """What goes out of one's queues; to admins also what is about the desk itself."""
    desk = Q(queue=None) if access.has_role(request.user, access.ADMIN) else Q()
    where = Q(queue__in=queues) | desk if desk else Q(queue__in=queues)
    return Notice.objects.filter(where).exclude(channel=NoticeChannel.PAGE)


urlpatterns = [
    path("notices/outbox/", outbox, name="outbox"),
    path("notices/outbox/<int:notice_id>/send-again/", send_again, name="send_again"),
]
