"""The answer while the database is away: 503, what to do, and whatever the person had typed."""

import logging
import sys
from collections.abc import Callable
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.views.defaults import server_error

logger = logging.getLogger(__name__)
RETRY_AFTER = 5
"""Seconds after which a program may ask again."""
UNSEEN = frozenset({"csrfmiddlewaretoken", "verdict", "version"})
"""Fields that are sent again without being shown."""
NOT_AWAY = ("no such table", "no such column", "has no column")  # SQLite's words for a fault of ours


def is_away(error: BaseException | None) -> bool:
    """Whether the database failed to serve, rather than refused what it was asked."""
    if isinstance(error, InterfaceError):
        return True
    return isinstance(error, OperationalError) and not any(words in str(error) for words in NOT_AWAY)


class DatabaseAway:
    """Middleware: a view that found no database answers 503 instead of 500."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page that says so; None for any other error."""
        if not is_away(exception):
            return None
        logger.warning("the database is away: %s %s was not served: %s", request.method, request.path, exception)
        return unavailable(request)


def error_page(request: HttpRequest) -> HttpResponse:
    """Django's handler500: what failed outside of a view, in the middleware, is told in the same way."""
    return unavailable(request) if is_away(sys.exc_info()[1]) else server_error(request)


def unavailable(request: HttpRequest) -> HttpResponse:
    """A whole page, for htmx a banner that leaves the form alone, for programs JSON. Asks the database nothing."""
    if request.headers.get("HX-Request"):
        banner = render_to_string("components/outage.html", {"is_sent": request.method == "POST"})
        response = HttpResponse(banner, headers={"HX-Retarget": "#outage", "HX-Reswap": "outerHTML"})
    elif "application/json" in request.headers.get("Accept", ""):
        response = JsonResponse({"error": "database_away", "retry_after": RETRY_AFTER})
    else:
        # not `request`: the context processors would ask who is signed in
        response = HttpResponse(render_to_string("503.html", _typed(request)))
    response.status_code = 503
    response.headers["Retry-After"] = str(RETRY_AFTER)
    response.headers["Cache-Control"] = "no-store"
    return response


def _typed(request: HttpRequest) -> dict[str, Any]:
    """What was sent, as a form that sends it again; nothing where a password was among it."""
    is_sent = request.method == "POST"
    fields = [(name, text) for name, texts in request.POST.lists() for text in texts if name != "csrfmiddlewaretoken"]
    if not is_sent or any("password" in name.lower() for name, _ in fields):
        return {"is_sent": is_sent, "address": "" if is_sent else request.get_full_path()}
    return {
        "is_sent": True,
        "address": request.get_full_path(),
        "token": get_token(request),
        "unseen": [(name, text) for name, text in fields if name in UNSEEN or not text.strip()],
        "seen": [(name, _label(name), text) for name, text in fields if name not in UNSEEN and text.strip()],
    }


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()
