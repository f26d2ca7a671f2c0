"""Who may come in, and a page or its part."""

import pytest

from tests.reviews import desk_data
from tests.reviews.desk_data import text_of

pytestmark = pytest.mark.django_db


class TestSignedIn:
    def test_leads_back_to_the_page_that_was_asked_for(self, client, queue):
        item = desk_data.refund()

        response = client.get(f"/interventions/{item.pk}/")

        assert response.url == f"/accounts/login/?next=/interventions/{item.pk}/"

    @pytest.mark.parametrize(
        ("current", "back"),
        [("http://testserver/?q=a", "%2F%3Fq%3Da"), ("http://evil.example/x", "%2F"), ("", "%2F")],
    )
    def test_sends_htmx_away_without_swapping_anything(self, client, current, back):
        response = client.post("/runs/new/", headers={"HX-Request": "true", "HX-Current-URL": current})

        assert response.status_code == 204
        assert response["HX-Redirect"] == f"/accounts/login/?next={back}"


class TestShow:
    @pytest.mark.parametrize(
        ("headers", "is_whole"),
        [
            ({}, True),
            ({"HX-Request": "true"}, False),
            ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, True),
        ],
    )
    def test_gives_htmx_the_part_and_browsers_the_page(self, client, alice, headers, is_whole):
        client.force_login(alice)

        response = client.get("/", headers=headers)

        assert ("<html" in text_of(response)) is is_whole
        assert "HX-Request" in response["Vary"]
