"""How much a pattern unfolds to, and that one that unfolds to too much is refused before it is compiled."""

import time

import pytest

from reviews.policies import BadRule, Condition
from reviews.policies.patterns import HEAVIEST, weight, wrong_in


class TestWeight:
    @pytest.mark.parametrize(
        ("pattern", "steps"),
        [
            ("abc", 3),
            ("a{5}", 5),
            ("a{2,7}b", 8),
            ("a{,7}", 7),
            ("a{3,}", 3),
            ("(ab){4}", 8),
            ("(?:(?:a{10}){10}){10}", 1000),
            ("(a|b{2}){3}c*", 10),
            ("((a{9}){9}){9}?", 729),
            (r"\{9\}[{9}]{2}\(9", 7),
            (r"[]{9}]{3}[^]{9}(]{4}[\]{9}]{5}", 12),
            ("(?#a (comment [)x{3}", 4),
            (r"a\\{7}", 8),
            ("(?x)(a{50} # [ (\n){60}", 3000),
            ("(?V1)[[a]{50}(]{60}", 3000),
        ],
    )
    def test_multiplies_repeats_that_are_one_in_the_other(self, pattern, steps):
        assert weight(pattern) == steps


class TestWrongIn:
    @pytest.mark.parametrize(
        "pattern", ["(?:(?:a{1000}){100}){100}", "(?:a{1,200}){51}", "a{10001}", "((((a{9}){9}){9}){9}){9}"]
    )
    def test_refuses_what_unfolds_to_too_much_at_once(self, pattern):
        began = time.process_time()

        with pytest.raises(BadRule, match=r"unfold to more than 10,000 steps"):
            Condition.checked("x", "matches", pattern)

        assert time.process_time() - began < 1

    @pytest.mark.parametrize(
        "pattern",
        [
            r"^[A-Z]{2}\d{2}[A-Z0-9]{4}\d{7}([A-Z0-9]?){0,16}$",
            r"^[\w.]{1,64}@[\w.-]{1,255}$",
            r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}",
            f"a{{{HEAVIEST}}}",
        ],
    )
    def test_lets_what_people_write_be(self, pattern):
        assert wrong_in(pattern) == ""

    @pytest.mark.parametrize(("pattern", "said"), [(7, "a text"), ("a" * 501, "at most 500"), ("[", "no regular")])
    def test_says_what_else_is_wrong(self, pattern, said):
        assert said in wrong_in(pattern)
