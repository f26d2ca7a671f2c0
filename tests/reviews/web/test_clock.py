"""Whether a page that is open learns that time limits do not fire."""

import pytest
from django.test import Client
from django.urls import reverse

from reviews import pulse
from reviews.web import clock
from tests.reviews.desk_data import text_of
from tests.reviews.web.visits import page_of

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
SENTENCE = "The clock is not running: time limits do not fire."


def banner(response) -> str:
    text = text_of(response)
    return text[text.index('<div class="banner" id="clock-state"') :].split("</div>")[0]


class TestBanner:
    @pytest.mark.parametrize("name", ["alice", "otto", "charlie", "admin"])
    def test_is_on_every_page_of_everybody_while_the_clock_is_silent(self, request, name):
        shown = banner(page_of(request.getfixturevalue(name), "reviews:runs"))

        assert SENTENCE in shown
        assert "hidden>" not in shown

    def test_is_hidden_while_it_runs(self, alice):
        pulse.note_sweep()

        assert "hidden>" in banner(page_of(alice, "reviews:inbox"))

    def test_costs_no_statement(self, alice, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert SENTENCE in clock.fragment(beats=pulse.beats())

    def test_is_not_told_to_strangers(self, client):
        assert SENTENCE not in client.get(reverse("account_login")).content.decode()


class TestTellTheClock:
    def test_answers_htmx_with_the_state_also_where_nothing_is_new(self, alice):
        browser = Client()
        browser.force_login(alice)
        response = browser.get(reverse("reviews:inbox_delta"), headers=HTMX)
        assert (response.status_code, response[clock.HEADER]) == (204, "silent")

        pulse.note_sweep()
        assert browser.get(reverse("reviews:inbox_delta"), headers=HTMX)[clock.HEADER] == "beats"

    def test_leaves_other_answers_alone(self, alice):
        assert clock.HEADER not in page_of(alice, "reviews:inbox")


class TestFragment:
    def test_finds_its_own_place_in_the_page(self):
        assert 'id="clock-state"' in clock.fragment(beats=False)
        assert 'hx-swap-oob="true"' in clock.fragment(beats=False)
        assert " hidden>" in clock.fragment(beats=True)
        assert " hidden>" not in clock.fragment(beats=False)
