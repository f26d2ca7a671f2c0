"""Pages by the last row seen."""

import base64

import pytest

from reviews.models import Intervention
from reviews.web import keyset
from reviews.web.filters import ORDER
from tests.reviews import desk_data

pytestmark = pytest.mark.django_db


ID = "00000000-0000-0000-0000-000000000000"


def written(text: str) -> str:
    """A cursor that says this."""
    return base64.urlsafe_b64encode(text.encode()).decode()


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

    @pytest.mark.parametrize(
        "cursor",
        [
            *("!", "x", "bnVsbA", "WyIxIl0", "W10", "é"),
            written("[" * 5000),
            written("[null, null, null]"),
            written(f'["2026-01-01T00:00:00Z", 1e999, "{ID}"]'),
            written(f'["2026-01-01T00:00:00Z", {"1" * 5000}, "{ID}"]'),
            written(f'["0001-01-01T00:00:00+23:59", 1, "{ID}"]'),
            written(f'["2026-01-01T00:00:00", 1, "{ID}"]'),
            written(f'["2026-01-01", 1, {{"{ID}": 1}}]'),
        ],
    )
    def test_takes_a_cursor_that_makes_no_sense_for_the_first_page(self, cursor):
        desk_data.refund()

        page = keyset.page(Intervention.objects.all(), by=ORDER, cursor=cursor, size=5)

        assert page.is_first
        assert len(page.rows) == 1

    @pytest.mark.parametrize("name", ["a\\u0000b", "\\ud800"])
    def test_takes_a_text_that_no_database_holds_for_the_first_page(self, name):
        desk_data.refund()

        page = keyset.page(Intervention.objects.all(), by=("tool", "id"), cursor=written(f'["{name}", "{ID}"]'), size=5)

        assert page.is_first
        assert len(page.rows) == 1

    def test_takes_a_number_beyond_every_column_for_a_place_in_the_list(self):
        desk_data.refund()
        cursor = written(f'["2026-01-01T00:00:00Z", {10**30}, "{ID}"]')

        page = keyset.page(Intervention.objects.all(), by=ORDER, cursor=cursor, size=5)

        assert len(page.rows) == 1
