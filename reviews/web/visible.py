"""No page hides from a reviewer what an agent wrote: characters that steer or vanish are shown by their numbers."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpResponse, HttpResponseBase
from django.http.request import HttpRequest

# Every character without a picture of its own: Unicode's format characters (Cf) and those it lets a font leave out
# (Default_Ignorable_Code_Point), among them the tags that models read and people do not.
UNSEEN = (
    "\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
PICTURE = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55\u3030\u303d"
    "\u3297\u3299\U0001f000-\U0001faff"
)
# Scripts whose letters ZWJ and ZWNJ join or keep apart: Arabic and its like, those of India, Khmer, Mongolian.
JOINING = (
    "\u0620-\u06d3\u06d5-\u06dc\u06df-\u06ff\u0710-\u077f\u08a0-\u08e1\u08e3-\u0dff"
    "\u1780-\u17b3\u17b6-\u17d3\u1820-\u18aa"
)
VIRAMA = "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca"
ALLOWED = (
    f"(?<=[{JOINING}])[\u200c\u200d](?=[{JOINING}])"  # within a word
    f"|(?<=[{VIRAMA}])[\u200c\u200d]"  # a consonant without its vowel, also at the end of a word
    f"|(?<=[{PICTURE}])\ufe0f"  # shown in colour
    "|(?<=[#*0-9])\ufe0f(?=\u20e3)"  # on a key
    f"|(?<=[{PICTURE}\ufe0f])\u200d(?=[{PICTURE}])"  # one picture made of two
)
HIDDEN = re.compile(f"(?!{ALLOWED})[{UNSEEN}]")
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
