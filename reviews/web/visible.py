"""No page hides from a reviewer what an agent wrote: characters that steer or vanish are shown by their numbers."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpResponse, HttpResponseBase
from django.http.request import HttpRequest

# Direction overrides and isolates, invisible spaces and operators, and the tag characters that models read and people
# do not. The joiners and marks that Persian, Hindi or an emoji need are not among them.
HIDDEN = re.compile("[\u180e\u200b\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\U000e0000-\U000e007f]")
# What a person edits is sent back, so it stays as it is.
PARTS = re.compile(r"(<textarea\b.*?</textarea>|<input\b[^>]*>|<option\b[^>]*>)", re.DOTALL | re.IGNORECASE)


def shown(html: str) -> str:
    """The page with each hidden character as ``⟦U+202E⟧``, outside of the fields that are sent back."""
    if not HIDDEN.search(html):
        return html
    parts = PARTS.split(html)
    return "".join(part if at % 2 else HIDDEN.sub(_number, part) for at, part in enumerate(parts))


def _number(found: re.Match[str]) -> str:
    return f"⟦U+{ord(found.group()):04X}⟧"


class NothingHidden:
    """Middleware: every page as ``shown``; exports are data and stay as they are."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """The response, its page shown in full."""
        response = self.get_response(request)
        return _seen(response) if isinstance(response, HttpResponseBase) else self._later(response)

    async def _later(self, response: Awaitable[HttpResponseBase]) -> HttpResponseBase:
        return _seen(await response)


def _seen(response: HttpResponseBase) -> HttpResponseBase:
    is_page = response.headers.get("Content-Type", "").startswith("text/html")
    if is_page and isinstance(response, HttpResponse) and response.charset.lower() == "utf-8":
        page = response.content.decode()
        if (seen := shown(page)) is not page:
            response.content = seen.encode()
            if "Content-Length" in response.headers:
                response.headers["Content-Length"] = str(len(response.content))
    return response
