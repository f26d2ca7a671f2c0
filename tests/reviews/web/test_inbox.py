"""The list of what waits."""

import re

import pytest
from django.test import Client

from reviews.actions import interventions
from reviews.models import Event
from reviews.web import inbox
from tests import factories
from tests.reviews import desk_data
from tests.reviews.desk_data import text_of

pytestmark = pytest.mark.django_db


def titles(response) -> list[str]:
    """The titles in the list, from top to bottom."""
    return re.findall(r'<span class="title"[^>]*>([^<]*)</span>', text_of(response))


@pytest.fixture
def desk(client, alice) -> Client:
    """Alice's browser."""
    client.force_login(alice)
    return client


class TestInbox:
    def test_sends_strangers_to_the_sign_in_page(self, client):
        response = client.get("/?risk=4")

        assert response.status_code == 302
        assert response.url == "/accounts/login/?next=/%3Frisk%3D4"

    def test_lists_what_waits_first_due_first_then_by_risk(self, desk):
        later = desk_data.refund("Later", due_in=7200, risk=4)
        low, high = desk_data.refund("Low", due_in=60, risk=1), desk_data.refund("High", due_in=60, risk=3)
        type(later).objects.filter(pk__in=[low.pk, high.pk]).update(due_at=low.due_at)

        assert titles(desk.get("/")) == ["High", "Low", "Later"]

    def test_leaves_out_what_was_decided(self, desk, alice):
        item = desk_data.refund()
        interventions.decide(item.pk, by=alice, verdict="approve")

        assert titles(desk.get("/")) == []

    def test_shows_charlie_nothing(self, client, charlie):
        item = desk_data.refund()
        client.force_login(charlie)

        response = client.get("/")

        assert titles(response) == []
        assert "You are in no queue yet" in text_of(response)
        assert '<data id="live-seq" value="0"' in text_of(response)
        assert str(item.pk) not in text_of(response)

    def test_shows_auditors_everything(self, client, otto):
        desk_data.refund()
        client.force_login(otto)

        assert titles(client.get("/")) == ["Refund 4820 to C-88213"]

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("tab=all", ["Mine", "Bob's", "Free"]),
            ("tab=mine", ["Mine"]),
            ("tab=unclaimed", ["Free"]),
            ("tab=nonsense", ["Mine", "Bob's", "Free"]),
            ("tab=unclaimed&q=mine", []),
        ],
    )
    def test_has_tabs(self, desk, alice, bob, query, found):
        for title, holder in (("Mine", alice), ("Bob's", bob), ("Free", None)):
            item = desk_data.refund(title)
            if holder:
                interventions.claim(item.pk, by=holder)

        assert [title.replace("&#x27;", "'") for title in titles(desk.get(f"/?{query}"))] == found

    def test_offers_the_escalated_only_where_something_was_escalated(self, desk):
        item = desk_data.refund()
        assert "tab-escalated" not in text_of(desk.get("/"))

        type(item).objects.update(level=1)

        assert "tab-escalated" in text_of(desk.get("/"))
        assert len(titles(desk.get("/?tab=escalated"))) == 1

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("risk=4", ["Hot"]),
            ("risk=4&risk=1", ["Hot", "Cold"]),
            ("risk=99", ["Hot", "Cold", "Page the team?"]),
            ("tool=ask_human", ["Page the team?"]),
            ("agent=Clerk&risk=1", ["Cold"]),
            ("agent=Nobody", []),
            ("queue=support", ["Hot", "Cold", "Page the team?"]),
            ("queue=legal", []),
            ("q=HO", ["Hot"]),
            ("q=%25", []),
        ],
    )
    def test_filters(self, desk, query, found):
        desk_data.refund("Hot", risk=4, due_in=60)
        desk_data.refund("Cold", risk=1, due_in=120)
        desk_data.choice()

        assert titles(desk.get(f"/?{query}")) == found

    def test_keeps_the_filters_in_its_links_and_in_the_socket(self, desk):
        desk_data.refund(risk=4)

        page = text_of(desk.get("/?risk=4&q=refund"))

        assert 'ws-connect="/ws/inbox/?risk=4&amp;q=refund"' in page
        assert re.search(r'href="/interventions/[^"]*/\?risk=4&amp;q=refund"', page)
        assert 'href="/?tab=mine&amp;risk=4&amp;q=refund"' in page

    def test_explains_why_it_is_empty(self, desk):
        assert "Nothing waits for you" in text_of(desk.get("/"))
        assert "No question matches" in text_of(desk.get("/?risk=4"))
        assert "You hold no question" in text_of(desk.get("/?tab=mine"))

    def test_pages_by_the_last_row(self, desk, monkeypatch):
        monkeypatch.setattr(inbox, "PAGE_SIZE", 2)
        desk_data.many(3)

        first = desk.get("/")
        second = desk.get(re.search(r'href="([^"]*after=[^"]*)"', text_of(first)).group(1))

        assert titles(first) + titles(second) == ["Refund 0", "Refund 1", "Refund 2"]
        assert "data-live-list" in text_of(first)
        assert "data-live-list" not in text_of(second)

    def test_asks_the_database_as_often_for_twenty_rows_as_for_one(self, desk, bob, django_assert_num_queries):
        desk_data.refund()
        with django_assert_num_queries(11):
            desk.get("/")
        for item in desk_data.many(19):
            interventions.claim(item.pk, by=bob)

        with django_assert_num_queries(11):
            assert len(titles(desk.get("/"))) == 20

    def test_shows_titles_as_text(self, desk):
        desk_data.refund("<img src=x onerror=alert(1)>")

        page = text_of(desk.get("/"))

        assert "<img" not in page
        assert "&lt;img src=x" in page

    def test_gives_htmx_only_the_list_with_its_sequence_number(self, desk):
        desk_data.refund()

        response = desk.get("/", headers={"HX-Request": "true"})

        assert text_of(response).strip().startswith('<section class="list" id="inbox-list"')
        assert f'id="live-seq" value="{Event.objects.latest("seq").seq}" hx-swap-oob' in text_of(response)
        assert "HX-Request" in response["Vary"]

    def test_is_for_reading_only(self, desk):
        assert desk.post("/").status_code == 405


class TestInboxDelta:
    def test_sends_what_the_socket_would(self, desk):
        item = desk_data.refund()

        response = desk.get("/inbox/delta?since=0")

        assert f'<li id="row-{item.pk}"' in text_of(response)
        assert 'hx-swap-oob="morph"' in text_of(response)
        assert f'value="{Event.objects.latest("seq").seq}"' in text_of(response)

    def test_is_empty_when_nothing_happened(self, desk):
        desk_data.refund()

        assert desk.get(f"/inbox/delta?since={Event.objects.latest('seq').seq}").status_code == 204

    @pytest.mark.parametrize("since", ["", "x", "-1", "9" * 40, "9" * 5000])
    def test_is_not_confused_by_nonsense(self, desk, since):
        desk_data.refund()

        assert desk.get(f"/inbox/delta?since={since}").status_code in (200, 204)

    def test_tells_charlie_nothing(self, client, charlie):
        desk_data.refund()
        client.force_login(charlie)

        assert client.get("/inbox/delta?since=0").status_code == 204

    def test_sends_htmx_to_the_sign_in_page_when_the_session_is_over(self, client):
        headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/?risk=4"}

        response = client.get("/inbox/delta?since=0", headers=headers)

        assert response.status_code == 204
        assert response["HX-Redirect"] == "/accounts/login/?next=%2F%3Frisk%3D4"

    def test_is_filtered_as_the_page_is(self, desk):
        item = desk_data.refund(risk=1)

        assert f'<li id="row-{item.pk}" hx-swap-oob="delete">' in text_of(desk.get("/inbox/delta?since=0&risk=4"))

    def test_leaves_out_the_queues_of_others(self, desk):
        factories.card("lawyer", queue="legal")
        theirs = desk_data.refund(on=factories.leased(factories.run(agent="lawyer")))

        assert str(theirs.pk) not in text_of(desk.get("/inbox/delta?since=0"))
