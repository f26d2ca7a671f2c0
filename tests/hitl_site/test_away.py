"""What people are told while the database is away. The real outages are in tests/outages."""

import pytest
from django.db import IntegrityError, InterfaceError, OperationalError
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import path

from hitl_site import away
from hitl_site import urls as site

GONE = OperationalError("could not connect to secret.host")


def lost(request):
    """A view that meets the error named in its address."""
    raise {"gone": GONE, "ours": OperationalError("no such table: x"), "bug": ValueError("x")}[request.GET["what"]]


urlpatterns = [*site.urlpatterns, path("lost/", lost)]
handler500 = site.handler500


@pytest.fixture
def visitor(settings):
    """A browser of a site that has such a view."""
    settings.ROOT_URLCONF = __name__
    return Client(raise_request_exception=False)


class TestIsAway:
    @pytest.mark.parametrize(
        "error", [GONE, InterfaceError("connection is closed"), OperationalError("database is locked")]
    )
    def test_when_it_fails_to_serve(self, error):
        assert away.is_away(error)

    @pytest.mark.parametrize(
        "error", [None, IntegrityError("x"), ValueError("x"), OperationalError("no such table: x")]
    )
    def test_not_when_it_refuses(self, error):
        assert not away.is_away(error)


class TestUnavailable:
    def test_is_a_whole_page_that_leads_back_to_where_one_was(self, visitor):
        answer = visitor.get("/lost/?what=gone")

        assert (answer.status_code, answer["Retry-After"], answer["Cache-Control"]) == (503, "5", "no-store")
        assert "The database is away" in answer.text and 'href="/lost/?what=gone"' in answer.text
        assert "secret.host" not in answer.text

    def test_is_a_banner_for_htmx_whatever_its_target(self, visitor):
        answer = visitor.post("/lost/?what=gone", {"note": "x"}, headers={"HX-Request": "true"})

        assert (answer.status_code, answer["HX-Retarget"], answer["HX-Reswap"]) == (503, "#outage", "outerHTML")
        assert 'id="outage"' in answer.text and "what you typed is still here" in answer.text

    def test_is_json_for_programs(self, visitor):
        answer = visitor.get("/lost/?what=gone", headers={"Accept": "application/json"})
        assert (answer.status_code, answer.json()) == (503, {"error": "database_away", "retry_after": 5})

    def test_shows_what_was_typed_as_text_and_sends_it_again(self, visitor):
        sent = {"note": "</textarea><b>no</b>", "reason": " ", "verdict": "reject", "version": "3"}
        page = visitor.post("/lost/?what=gone", sent).text

        assert "&lt;/textarea&gt;&lt;b&gt;no&lt;/b&gt;</textarea>" in page
        assert '<input type="hidden" name="verdict" value="reject">' in page
        assert '<input type="hidden" name="version" value="3">' in page
        assert page.count("<textarea") == 1 and 'name="csrfmiddlewaretoken"' in page

    def test_never_repeats_a_password(self, visitor):
        page = visitor.post("/lost/?what=gone", {"login": "alice", "password": "four-eyes-demo"}).text
        assert "four-eyes-demo" not in page and "<form" not in page

    def test_leaves_other_errors_what_they_are(self, visitor):
        assert visitor.get("/lost/?what=bug").status_code == 500
        assert visitor.get("/lost/?what=ours").status_code == 500


class TestErrorPage:
    def test_is_the_same_where_the_middleware_met_it(self):
        request = RequestFactory().get("/")
        try:
            raise GONE
        except OperationalError:
            assert away.error_page(request).status_code == 503

    def test_is_the_usual_one_for_the_rest(self):
        try:
            raise ValueError
        except ValueError:
            answer = away.error_page(RequestFactory().get("/"))
        assert isinstance(answer, HttpResponse) and answer.status_code == 500
