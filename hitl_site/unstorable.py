"""Turning away at the door what no database of ours can look up."""

from collections.abc import Callable
from urllib.parse import unquote

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

NUL = "\x00"


class RefuseNul:
    """Answers 400 to a NUL in a cookie, or in an address of the admin: PostgreSQL refuses it in any text it compares.

    The desk's own filters drop it and its forms say so beside the field; the pages of packages do not.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        told = [*request.COOKIES.values()]
        if request.path.startswith(reverse("admin:index")):
            told += [request.path, unquote(request.META.get("QUERY_STRING", ""))]
        if any(NUL in text for text in told):
            raise SuspiciousOperation("There is a NUL character in the address or in a cookie.")
        return self.get_response(request)
