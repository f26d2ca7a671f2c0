"""Finding what somebody named on the command line, whatever they typed."""

import pytest

from reviews.management import lookup
from reviews.management.cli import Misused, Refused
from tests import factories

pytestmark = pytest.mark.django_db
UNHEARD_OF = ["\x00", "alice\x00", "\udcff"]
"""What PostgreSQL cannot hold, or no database; a terminal can type the last."""


class TestAccount:
    def test_is_found_by_its_name(self, alice):
        assert lookup.account("alice") == alice

    def test_is_nobody_where_no_name_was_given(self):
        assert lookup.account(None) is None

    def test_that_is_not_there_is_refused(self, alice):
        with pytest.raises(Refused, match="no active account 'nobody'"):
            lookup.account("nobody")

    @pytest.mark.parametrize("name", UNHEARD_OF)
    def test_that_cannot_be_is_refused_alike_on_every_database(self, alice, name):
        with pytest.raises(Refused, match="cannot be used") as refused:
            lookup.account(name)

        assert refused.value.code == "invalid"


class TestOne:
    @pytest.mark.parametrize("text", ["abc", "not-an-id", *UNHEARD_OF])
    def test_wants_an_id(self, text):
        with pytest.raises(Misused):
            lookup.one(text, lookup.runs(None))

    @pytest.mark.parametrize("text", UNHEARD_OF)
    def test_takes_nothing_away_from_an_id(self, alice, text):
        with pytest.raises(Misused):
            lookup.one(f"{factories.run().pk}{text}", lookup.runs(alice))
