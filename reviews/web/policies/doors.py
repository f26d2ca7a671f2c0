"""Who comes in: those who read policies, and to some pages only those who write them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.models import AnonymousUser, User
from django.http import Http404, HttpResponseBase

from reviews import access
from reviews.web.http import ReviewRequest, signed_in

P = ParamSpec("P")
View = Callable[Concatenate[ReviewRequest, P], HttpResponseBase]


def for_readers(view: View[P]) -> View[P]:
    """Managers, admins and auditors; for others there is no such page."""
    return _only(access.sees_policies, view)


def for_writers(view: View[P]) -> View[P]:
    """Managers and admins; for others there is no such page."""
    return _only(access.writes_policies, view)


def _only(may: Callable[[User | AnonymousUser], bool], view: View[P]) -> View[P]:
    @wraps(view)
    def guarded(request: ReviewRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not may(request.user):
            raise Http404("There is no such page.")
        return view(request, *args, **kwargs)

    return signed_in(guarded)
