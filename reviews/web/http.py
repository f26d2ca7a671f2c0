"""What every view of the desk shares: who asks, who may come in, and a page for browsers or its part for htmx."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render, resolve_url
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode
from django_htmx.middleware import HtmxDetails

P = ParamSpec("P")


class ReviewRequest(HttpRequest):
    """A request of a signed-in person, as django-htmx completes it."""

    user: User
    htmx: HtmxDetails


def signed_in(
    view: Callable[Concatenate[ReviewRequest, P], HttpResponseBase],
) -> Callable[Concatenate[ReviewRequest, P], HttpResponseBase]:
    """Let only signed-in people in. htmx is told to leave for the sign-in page, not to swap it into a pane."""

    @wraps(view)
    def guarded(request: ReviewRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        if not request.htmx:
            return redirect_to_login(request.get_full_path())
        page = urlsplit(request.htmx.current_url_abs_path or "/")
        back = urlencode({"next": page._replace(fragment="").geturl()})
        return HttpResponse(status=204, headers={"HX-Redirect": f"{resolve_url(settings.LOGIN_URL)}?{back}"})

    return guarded


def show(
    request: ReviewRequest, page: str, part: str, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    """Return the whole page, or for htmx only the part of it; caches keep the two apart."""
    wants_part = request.htmx and not request.htmx.history_restore_request
    response = render(request, part if wants_part else page, dict(context), status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response
