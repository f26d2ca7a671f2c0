"""Pages that are open learn, wherever they ask or listen anyway, whether the clock runs and time limits fire."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from reviews import pulse

HEADER = "Foureyes-Clock"


class TellTheClock:
    """Middleware: what htmx or a poll asked for carries the clock's state in a header, also where it says no more."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.headers.get("HX-Request"):
            response.headers[HEADER] = "beats" if pulse.beats() else "silent"
        return response


def banner() -> str:
    """Return what is to be said of the clock now; from the cache."""
    return fragment(beats=pulse.beats())


def fragment(*, beats: bool) -> str:
    """Return the banner for a page that is open: hidden while the clock runs."""
    return render_to_string("components/clock.html", {"beats": beats, "oob": True})
