"""Policies as two managers write them."""

import pytest

from reviews import access
from reviews.actions import review_policies
from tests import factories

ASK = {"tool": "pay", "ruling": "ask", "when": "amount > 200", "name": "Big"}


@pytest.fixture
def nina(queue):
    """A second manager."""
    return factories.user("nina", access.MANAGER)


@pytest.fixture
def draft(mara):
    """What mara wrote: nothing is in force."""
    return review_policies.draft("payments", by=mara, body={"rules": [ASK]})


@pytest.fixture
def in_force(draft, nina):
    """The same, which nina put in force."""
    return review_policies.activate(draft.pk, by=nina)
