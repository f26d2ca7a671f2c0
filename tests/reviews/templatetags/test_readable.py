"""Values as people read them."""

from datetime import timedelta
from uuid import UUID

import pytest

from reviews.templatetags import readable


class TestRemaining:
    @pytest.mark.parametrize(
        ("seconds", "text"),
        [
            (0, "00:00"),
            (461, "07:41"),
            (5459, "1:30:59"),
            (100_000, "27:46:40"),
            (300_000, "3 d 11 h"),
            (-75, "−01:15"),
            (-200_000, "−2 d 7 h"),
        ],
    )
    def test_reads_like_a_clock(self, seconds, text):
        assert readable.remaining(seconds) == text


class TestPace:
    @pytest.mark.parametrize(
        ("seconds", "word"),
        [(-1, "late"), (0, "close"), (599, "close"), (600, "soon"), (1799, "soon"), (1800, "ok")],
    )
    def test_changes_at_nought_ten_and_thirty_minutes(self, seconds, word):
        assert readable.pace(seconds) == word


class TestInitials:
    @pytest.mark.parametrize(
        ("name", "letters"),
        [("Anna Svensson", "AS"), ("alice", "AL"), ("anna.maria.lind", "AL"), ("x", "X"), ("", "?"), ("  ", "?")],
    )
    def test_are_one_or_two_capitals(self, name, letters):
        assert readable.initials(name) == letters


class TestShortId:
    def test_keeps_eight_characters(self):
        assert readable.short_id(UUID("8f21c0aa-0000-4000-8000-000000000000")) == "8f21c0aa"


def nested(levels):
    """A list inside a list inside a list."""
    value: list[object] = []
    for _ in range(levels):
        value = [value]
    return value


class TestPretty:
    def test_indents_values(self):
        assert readable.pretty({"amount": 4820.0, "name": "Trä"}) == '{\n  "amount": 4820.0,\n  "name": "Trä"\n}'

    def test_indents_json_text(self):
        assert readable.pretty("[1]") == "[\n  1\n]"

    def test_leaves_other_text_alone(self):
        assert readable.pretty("Refund issued.") == "Refund issued."

    def test_unwraps_a_json_string(self):
        assert readable.pretty('"done"') == "done"

    @pytest.mark.parametrize("text", ["[" * 5000, "[" * 5000 + "]" * 5000, "1" * 5000])
    def test_shows_what_nobody_could_read_as_it_is(self, text):
        assert readable.pretty(text) == text

    def test_says_that_a_value_is_nested_too_deeply(self):
        assert readable.pretty(nested(5000)) == readable.plain(nested(5000)) == readable.TOO_DEEP


class TestPlain:
    @pytest.mark.parametrize(
        ("value", "text"),
        [(True, "yes"), (False, "no"), (None, "none"), ("C-88213", "C-88213"), (482.0, "482.0"), ([], "[]")],
    )
    def test_says_it_as_a_form_would(self, value, text):
        assert readable.plain(value) == text


class TestDuration:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (None, ""),
            (0.34, "340 ms"),
            (-1, "0 ms"),
            (4.06, "4.1 s"),
            (42, "42 s"),
            (734, "12 min"),
            (7500, "2 h 5 min"),
            (7200, "2 h"),
            (300_000, "3 d 11 h"),
            (timedelta(minutes=3), "3 min"),
        ],
    )
    def test_takes_one_or_two_units(self, value, text):
        assert readable.duration(value) == text
