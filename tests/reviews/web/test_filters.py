"""Which part of the inbox an address names."""

import pytest
from django.http import QueryDict

from reviews.web.filters import LONGEST_SEARCH, MOST_CHOSEN, ORDER, Filter, position
from tests.reviews import desk_data


def read(query: str) -> Filter:
    """The view of an address."""
    return Filter.read(QueryDict(query))


class TestFilter:
    @pytest.mark.parametrize(
        "query", ["", "?tab=mine", "?risk=4&risk=1", "?tab=unclaimed&queue=a&agent=B&tool=c&q=x+y", "?q=%26%3F"]
    )
    def test_writes_the_address_it_was_read_from(self, query):
        assert read(query.removeprefix("?")).link() == query

    @pytest.mark.parametrize("query", ["tab=nonsense", "risk=9", "risk=", "q=+", "page=3"])
    def test_leaves_out_what_makes_no_sense(self, query):
        assert read(query) == Filter()

    @pytest.mark.parametrize("name", ["queue", "agent", "tool"])
    def test_looks_for_no_character_that_a_database_lacks(self, name):
        assert read(f"{name}=a%00b&q=c%00%00") == Filter(q="c", **{name: ("ab",)})

    def test_chooses_no_endless_list(self):
        assert len(read("queue=x&" * 900).queue) == MOST_CHOSEN

    def test_cuts_an_endless_search_short(self):
        assert len(read("q=" + "x" * 9000).q) == LONGEST_SEARCH

    def test_changes_one_thing_and_keeps_the_rest(self):
        assert read("tab=mine&risk=4").link(tab="all") == "?risk=4"

    @pytest.mark.parametrize(("query", "narrow"), [("", False), ("tab=mine", False), ("risk=4", True), ("q=x", True)])
    def test_knows_whether_it_hides_anything(self, query, narrow):
        assert read(query).is_narrow is narrow


@pytest.mark.django_db
class TestPosition:
    def test_sorts_like_the_list(self):
        items = [desk_data.refund(risk=risk, due_in=due) for risk, due in [(1, 60), (4, 60), (2, 30), (4, 90)]]
        for item in items[:2]:
            item.due_at = items[0].due_at
            item.save()

        rows = list(type(items[0]).objects.order_by(*ORDER))

        assert [item.pk for item in sorted(rows, key=position)] == [item.pk for item in rows]
