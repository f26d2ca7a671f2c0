"""What the review page says of why an agent stopped."""

import pytest

from reviews.actions import review_policies
from tests.reviews import desk_data
from tests.reviews.desk_data import text_of
from tests.reviews.web.visits import page_of

pytestmark = pytest.mark.django_db
SAID = {"policy": "payments", "policy_version": 1, "rule": "Over 200", "seen": "amount is 4,820"}


def panel(person, item):
    page = text_of(page_of(person, "reviews:intervention", item.pk))
    return page[page.index('id="stopped"') : page.index("</dl>", page.index('id="stopped"'))]


class TestStopped:
    def test_names_policy_version_rule_and_value_and_links_for_who_may_read_policies(self, mara, alice):
        review_policies.draft("payments", by=mara)
        item = desk_data.refund(**SAID)
        for person, is_linked in ((mara, True), (alice, False)):
            said = panel(person, item)
            assert all(text in said for text in ("payments, version 1", "Over 200", "amount is 4,820"))
            assert ('href="/policies/payments/1/"' in said) is is_linked

    def test_says_what_happens_when_time_runs_out(self, alice):
        assert "rejected with a message" in panel(alice, desk_data.refund())

    def test_says_nothing_of_a_policy_where_there_was_none(self, mara):
        said = panel(mara, desk_data.refund())
        assert "Policy" not in said and "version" not in said
