"""What an edit changes."""

import json
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.web import diff

BEFORE = {"customer": "C-88213", "amount": 4820.0, "bypass": True}
AFTER = {"customer": "C-88213", "amount": 482.0, "ledger": "6310-R"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


class TestFields:
    def test_names_what_was_changed_added_and_removed(self):
        assert [(change.path, change.kind) for change in diff.fields(BEFORE, AFTER)] == [
            ("amount", "changed"),
            ("bypass", "removed"),
            ("ledger", "added"),
        ]

    def test_looks_inside_of_objects(self):
        (change,) = diff.fields({"to": {"name": "a", "at": 1}}, {"to": {"name": "b", "at": 1}})

        assert (change.path, change.before, change.after) == ("to.name", "a", "b")

    def test_compares_what_is_no_object_as_a_whole(self):
        assert [change.path for change in diff.fields("a", "b")] == ["value"]

    @pytest.mark.parametrize(("before", "after", "count"), [(5, 5.0, 0), (1, True, 1), (0, False, 1), (None, 0, 1)])
    def test_tells_true_from_one_but_not_5_from_5_point_0(self, before, after, count):
        assert len(list(diff.fields({"a": before}, {"a": after}))) == count

    @given(JSON)
    def test_finds_nothing_between_equal_values(self, value):
        assert list(diff.fields(value, json.loads(json.dumps(value)))) == []


class TestSideBySide:
    def test_marks_whole_words(self):
        changed = next(line for line in diff.side_by_side(BEFORE, AFTER) if line.kind == "changed")

        assert ("4820.0", True) in changed.left
        assert ("482.0", True) in changed.right

    def test_numbers_the_lines_of_each_side(self):
        lines = diff.side_by_side("a\nb\nc", "a\nc\nd")

        assert [(line.kind, line.left_number, line.right_number) for line in lines] == [
            ("same", 1, 1),
            ("removed", 2, None),
            ("same", 3, 2),
            ("added", None, 3),
        ]

    def test_marks_nothing_in_lines_that_have_nothing_in_common(self):
        (line,) = diff.side_by_side("one two three", "alpha")

        assert line.left == [("one two three", False)]

    def test_marks_one_word_of_an_endless_line(self):
        text = " ".join(f"word{number % 50}" for number in range(8000))

        (line,) = diff.side_by_side(text, text.replace("word7", "WORD7", 1))

        assert [piece for piece in line.right if piece[1]] == [("WORD7", True)]

    @pytest.mark.parametrize("join", [" ", "\n", ". "])
    @pytest.mark.parametrize("size", [199, 2000])
    def test_takes_no_endless_time(self, join, size):
        before = join.join(["x", "y"] * size)
        after = join.join(["z", "x", "x", "y"] * (size // 2) + ["z"])

        began = process_time()
        lines = diff.side_by_side(f"{before}\n" * 20, f"{after}\n" * 20)

        assert process_time() - began < 8
        assert lines[0].kind == "changed"

    @given(JSON, JSON)
    def test_loses_no_text(self, before, after):
        lines = diff.side_by_side(before, after)

        for side, value in (("left", before), ("right", after)):
            texts = ["".join(text for text, _ in getattr(line, side)) for line in lines]
            numbers = [getattr(line, f"{side}_number") for line in lines]
            shown = [text for text, number in zip(texts, numbers, strict=True) if number is not None]
            assert shown == diff.text_of(value).splitlines()
            assert [number for number in numbers if number] == list(range(1, len(shown) + 1))


class TestTextOf:
    def test_keeps_the_lines_of_texts_inside_of_objects(self):
        value = {"body": "Dear Anna,\nyour money", "path": "C:\\new"}

        assert diff.text_of(value).splitlines() == [
            "{",
            '  "body": "Dear Anna,',
            'your money",',
            '  "path": "C:\\\\new"',
            "}",
        ]


class TestFolded:
    def test_keeps_what_is_near_a_change(self):
        before = "\n".join(map(str, range(20)))

        lines = diff.folded(diff.side_by_side(before, before.replace("10", "ten")), around=2)

        assert [line.kind for line in lines] == ["gap", "same", "same", "changed", "same", "same", "gap"]
        assert lines[0].left == [("⋯ 8 lines that are the same", False)]

    def test_does_not_hide_a_single_line(self):
        lines = diff.folded(diff.side_by_side("a\nb\nc", "a\nb\nd"), around=1)

        assert [line.kind for line in lines] == ["same", "same", "changed"]


class TestComparison:
    def test_of_texts_that_are_all_there_is_compares_the_texts(self):
        compared = diff.Comparison({"output": "one\ntwo"}, {"output": "one\nthree"})

        assert compared.is_long
        assert [line.kind for line in compared.lines] == ["same", "changed"]

    def test_writes_two_numbers_alike(self):
        (change,) = diff.Comparison({"amount": 4820.0}, {"amount": 482}).fields

        assert change.pair == ("4,820.00", "482.00")

    @pytest.mark.parametrize(("before", "after"), [(1, 2), (True, 1.5), ("1.0", 2.0), (None, 2.0)])
    def test_leaves_all_else_as_it_is(self, before, after):
        (change,) = diff.Comparison({"a": before}, {"a": after}).fields

        assert change.pair == (before, after)

    def test_shows_the_beginning_of_many_lines_and_of_long_ones(self):
        texts = ("\n".join(f"{number}{word}" for number in range(90)) for word in ("old", "new" * 3000))
        shown = diff.Comparison(*texts).first_lines

        assert len(shown) == diff.FIRST_LINES + 1
        assert shown[-1].left == [("⋯ 30 more lines", False)]
        assert max(len(text) for line in shown for text, _ in line.right) < 5000

    def test_of_what_is_the_same_has_nothing_to_show(self):
        compared = diff.Comparison({"a": 1}, {"a": 1})

        assert (compared.fields, compared.is_long) == ([], False)
