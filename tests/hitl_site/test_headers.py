"""What browsers are told about every page."""

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import RequestFactory

from hitl_site.headers import ExtraHeaders


@pytest.fixture
def answer():
    """The response to somebody with a session, after the middleware has seen it."""

    def answer(**headers: str) -> HttpResponse:
        request = RequestFactory().get("/")
        request.COOKIES[settings.SESSION_COOKIE_NAME] = "of alice"
        return ExtraHeaders(lambda _: HttpResponse(headers=headers))(request)

    return answer


class TestExtraHeaders:
    def test_keep_pages_of_signed_in_people_out_of_every_cache(self, answer):
        assert answer()["Cache-Control"] == "no-store"

    def test_keep_the_answer_to_a_sign_in_out_of_every_cache(self):
        response = HttpResponse()
        response.set_cookie(settings.SESSION_COOKIE_NAME, "of alice")

        assert ExtraHeaders(lambda _: response)(RequestFactory().get("/"))["Cache-Control"] == "no-store"

    def test_leave_to_a_view_what_it_set_itself(self, answer):
        assert answer(**{"Cache-Control": "private, max-age=60"})["Cache-Control"] == "private, max-age=60"

    def test_shut_the_page_off_from_devices_and_other_sites(self, answer):
        response = answer()

        assert "camera=()" in response["Permissions-Policy"]
        assert response["Cross-Origin-Resource-Policy"] == "same-origin"


class TestEveryPage:
    def test_runs_no_script_and_no_style_that_is_not_ours(self, client, db):
        policy = client.get("/accounts/login/")["Content-Security-Policy"]
        directives = {words[0]: words[1:] for words in map(str.split, policy.split(";"))}

        assert directives["default-src"] == directives["object-src"] == directives["base-uri"] == ["'none'"]
        assert directives["script-src"] == directives["style-src"] == ["'self'"]
        assert directives["frame-ancestors"] == ["'none'"]
        assert "unsafe" not in policy

    def test_may_open_websockets_to_its_own_site_only(self, client, db):
        policy = client.get("/accounts/login/")["Content-Security-Policy"]
        assert "connect-src 'self' ws://testserver" in policy

    def test_says_nothing_to_other_sites(self, client, db):
        response = client.get("/accounts/login/")

        assert response["Referrer-Policy"] == "same-origin"
        assert response["X-Frame-Options"] == "DENY"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Cross-Origin-Opener-Policy"] == "same-origin"
