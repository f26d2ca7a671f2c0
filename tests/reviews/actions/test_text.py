"""Words that every database takes."""

import json
import sys
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.actions.text import CUT, DEEPEST, is_deep, storable

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)) | st.just("\ud800\0"),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec=None)) | st.integers(), inner),
    max_leaves=20,
)


class TestStorable:
    @given(anything)
    def test_makes_json_that_can_be_written_and_read_back_unchanged(self, value):
        kept = storable(value)
        text = json.dumps(kept, allow_nan=False, ensure_ascii=False)

        assert json.loads(text.encode()) == kept
        assert "\\u0000" not in text
        assert storable(kept) == kept

    @given(st.recursive(st.none() | st.booleans() | st.integers() | st.text("aé日🙂\n"), st.lists, max_leaves=9))
    def test_leaves_ordinary_values_alone(self, value):
        assert storable(value) == value

    def test_writes_what_json_has_no_word_for(self):
        moment = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
        assert storable({"at": moment, "id": UUID(int=7), "many": (1, {2})}) == {
            "at": "2026-01-02 03:04:00+00:00",
            "id": "00000000-0000-0000-0000-000000000007",
            "many": [1, "{2}"],
        }

    @pytest.mark.parametrize("sign", [1, -1])
    def test_writes_a_number_that_python_would_not_write(self, sign):
        number = sign * 10**5000

        assert storable([number]) == [hex(number)]
        assert storable({number: True}) == {hex(number): True}

    def test_leaves_the_largest_number_that_python_writes(self):
        number = 10**sys.int_info.default_max_str_digits - 1
        assert json.loads(json.dumps(storable(number))) == number

    @pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"a": inner}, lambda inner: (inner,)])
    def test_keeps_what_is_nested_up_to_a_point(self, wrap):
        value = "the core"
        for _ in range(DEEPEST):
            value = wrap(value)

        assert "the core" in json.dumps(storable(value))
        kept = storable({"told": "first", "more": wrap(value)})
        assert kept["told"] == "first"
        assert CUT in json.dumps(kept) and not is_deep(kept)

    def test_bears_any_depth(self):
        value: object = 1
        for _ in range(100_000):
            value = [value]

        assert CUT in json.dumps(storable(value))

    @pytest.mark.parametrize("error", [ValueError("odd"), RecursionError()])
    def test_says_what_cannot_say_itself(self, error):
        class Mute:
            def __str__(self):
                raise error

        said = f"Unreadable: Mute, whose text raises {type(error).__name__}."
        assert storable({"a": [Mute()]}) == {"a": [said]}
        assert storable({Mute(): 1}) == {said: 1}


class TestIsDeep:
    @pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"a": 1, "b": inner}])
    def test_counts_how_often_values_are_nested(self, wrap):
        value = 1
        for _ in range(3):
            value = wrap(value)

        assert (is_deep(value, 2), is_deep(value, 3)) == (True, False)

    def test_bears_any_depth(self):
        value: object = 1
        for _ in range(100_000):
            value = [value]
        assert is_deep(value)
        while isinstance(value, list):
            value = value.pop()  # taken apart by hand: to free it at once would be deep too
