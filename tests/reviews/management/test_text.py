"""Plain text: aligned, cut to the terminal, and steered by nobody."""

from datetime import timedelta

import pytest
from django.utils import timezone

from reviews.management import text


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")


class TestTable:
    def test_aligns_columns(self):
        assert text.table(("A", "LONG"), [("one", "x"), ("three", "y")]) == "A      LONG\none    x\nthree  y"

    def test_cuts_the_widest_column(self):
        *_, line = text.table(("ID", "TEXT"), [("12345678", "word " * 40)]).splitlines()

        assert len(line) <= 40
        assert line.startswith("12345678  word")
        assert line.endswith("…")

    def test_counts_wide_characters_twice(self):
        first, second = text.table(("A", "B"), [("日本", "x")]).splitlines()

        assert first.index("B") == 6
        assert second.index("x") == 4

    def test_keeps_a_row_in_its_line(self):
        assert len(text.table(("A",), [("two\nlines",)]).splitlines()) == 2


class TestVisible:
    @pytest.mark.parametrize("char", ["\x1b", "\x00", "\x9b", "\u202e", "\u2066", "\u200b", "\u2028", "\ud83d"])
    def test_replaces_what_steers_or_hides(self, char):
        assert text.visible(f"a{char}b") == "a\ufffdb"

    def test_leaves_words_and_line_breaks_alone(self):
        assert text.visible("Grüße,\n日本 🙂") == "Grüße,\n日本 🙂"


class TestBlock:
    def test_indents_json(self):
        assert text.block({"amount": 3}) == '  {\n    "amount": 3\n  }'

    def test_says_how_many_lines_it_left_out(self):
        lines = text.block("\n".join("line" for _ in range(50))).splitlines()

        assert len(lines) == text.MOST_LINES + 1
        assert "10 more lines" in lines[-1]

    def test_wraps_long_lines(self):
        lines = text.block("word " * 20).splitlines()

        assert len(lines) > 2
        assert all(line.startswith("  word") and len(line) <= 40 for line in lines)

    def test_shows_that_there_is_nothing(self):
        assert text.block("") == "  (nothing)"


class TestFields:
    def test_leaves_out_what_has_no_value(self):
        assert text.fields([("Run", "1"), ("Error", None), ("Queue", "support")]) == "Run    1\nQueue  support"

    def test_goes_on_under_the_value(self):
        first, second, *_ = text.fields([("Why", "word " * 20)]).splitlines()

        assert first.startswith("Why  word")
        assert second.startswith("     word")

    def test_writes_a_structure_in_one_line(self):
        assert text.fields([("Said", {"a": 1})]) == 'Said  {"a": 1}'


class TestDue:
    @pytest.mark.parametrize(
        ("minutes", "said"),
        [(52, "in 52 min"), (0, "in 0 min"), (-8, "8 min late"), (300, "in 5 h"), (-60 * 24 * 3, "3 days late")],
    )
    def test_reads_like_a_person_says_it(self, minutes, said):
        assert text.due(timezone.now() + timedelta(minutes=minutes, seconds=1)) == said
