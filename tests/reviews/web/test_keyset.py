"""Pages by the last row seen."""

import pytest

from reviews.models import Intervention
from reviews.web import keyset
from reviews.web.filters import ORDER
from tests.reviews import desk_data

pytestmark = pytest.mark.django_db


def walk(size: int) -> list[str]:
    """The titles of all pages, one after the other."""
    titles, cursor = [], ""
    while True:
        page = keyset.page(Intervention.objects.all(), by=ORDER, cursor=cursor, size=size)
        assert page.is_first == (cursor == "")
        titles += [item.title for item in page.rows]
        cursor = page.after
        if not cursor:
            return titles


class TestPage:
    @pytest.mark.parametrize("size", [1, 2, 3, 5, 10])
    def test_shows_every_row_once_and_in_order(self, size):
        desk_data.many(5)

        assert walk(size) == [f"Refund {number}" for number in range(5)]

    def test_orders_equal_rows_by_the_later_columns(self):
        items = [desk_data.refund(f"Refund {risk}", risk=risk) for risk in (1, 4, 2, 4)]
        Intervention.objects.update(due_at=items[0].due_at)

        titles = walk(1)

        assert [title[-1] for title in titles] == ["4", "4", "2", "1"]

    @pytest.mark.parametrize("cursor", ["!", "x", "bnVsbA", "WyIxIl0", "W10", "é"])
    def test_takes_a_cursor_that_makes_no_sense_for_the_first_page(self, cursor):
        desk_data.refund()

        page = keyset.page(Intervention.objects.all(), by=ORDER, cursor=cursor, size=5)

        assert page.is_first
        assert len(page.rows) == 1
