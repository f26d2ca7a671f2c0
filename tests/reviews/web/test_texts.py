"""Text of strangers, made fit to be shown."""

import pytest

from reviews.web import texts


class TestRead:
    @pytest.mark.parametrize(
        ("text", "value"), [('{"a": 1}', {"a": 1}), ("Bye.", "Bye."), ('"done"', "done"), ("", "")]
    )
    def test_takes_json_for_its_value_and_other_text_for_itself(self, text, value):
        assert texts.read(text) == value

    @pytest.mark.parametrize("text", ["[" * 5000, "1" * 5000])
    def test_takes_json_that_no_machine_can_read_for_text(self, text):
        assert texts.read(text) == text


class TestWritten:
    def test_says_that_a_value_is_nested_too_deeply(self):
        value: list[object] = []
        for _ in range(5000):
            value = [value]

        assert texts.written(value, indent=2) == texts.written(value) == texts.TOO_DEEP

    def test_leaves_text_bare(self):
        assert (texts.written("é"), texts.written(["é"])) == ("é", '["é"]')


class TestCut:
    def test_says_how_much_is_left_out(self):
        assert texts.cut("x" * (texts.LONGEST + 1200)).endswith("x … (1,200 more characters)")
        assert texts.cut("x" * texts.LONGEST) == "x" * texts.LONGEST


class TestNumber:
    @pytest.mark.parametrize(("text", "number"), [("12", 12), ("12.4.3", 12), ("", 0), ("-1", 0), ("9" * 5000, 0)])
    def test_takes_nonsense_for_nought(self, text, number):
        assert texts.number(text) == number
