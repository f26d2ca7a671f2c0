"""What every address bears: NUL, for which PostgreSQL has no place, finds nothing and breaks nothing."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from reviews.actions import review_policies
from reviews.web.urls import urlpatterns
from tests.reviews import desk_data

pytestmark = pytest.mark.django_db

NAMES = (
    *("tab", "queue", "risk", "agent", "tool", "q"),  # of the inbox, carried on by a question's page
    *("status", "actor", "action", "run", "until"),  # of the runs and the audit log
    *("after", "since", "seen", "sample"),
)
OF_A_ROW = [address for address in urlpatterns if address.pattern.converters]


@pytest.fixture
def item(admin):
    """A question, and with it a run and some lines of the book; and a policy."""
    review_policies.draft("payments", by=admin)
    return desk_data.refund()


@pytest.fixture
def browser(admin):
    """The browser of somebody who sees every page."""
    client = Client()
    client.force_login(admin)
    return client


def place(address, item):
    known = {"intervention_id": item.pk, "run_id": item.run_id, "seq": 1, "number": 1}
    known |= {"endpoint_id": item.pk, "notice_id": 1}  # of none that is there
    known |= {"slug": "payments", "version": 1, "change": "asked"}
    return reverse(f"reviews:{address.name}", args=[known[name] for name in address.pattern.converters])


@pytest.mark.parametrize("address", urlpatterns, ids=lambda address: address.name)
class TestQuery:
    def test_may_hold_a_nul(self, browser, item, address):
        usual = {200, 204, browser.get(place(address, item)).status_code}

        for name in NAMES:
            assert browser.get(place(address, item), {name: "a\x00b"}).status_code in usual, name

    def test_may_hold_a_nul_while_something_is_sent(self, browser, item, address):
        where = place(address, item)

        usual = browser.post(where, {}).status_code

        assert usual < 500
        assert browser.post(f"{where}?q=%00&tool=a%00b&after=%00", {}).status_code < 500


@pytest.mark.parametrize("address", OF_A_ROW, ids=lambda address: address.name)
class TestPath:
    def test_with_a_nul_in_it_leads_nowhere(self, browser, item, address):
        pattern = "/" + str(address.pattern)

        for text in ("%00", "1%00", f"{item.pk}%00", f"%00{item.run_id}"):
            assert browser.get(re.sub("<.*>", text, pattern)).status_code == 404, text
