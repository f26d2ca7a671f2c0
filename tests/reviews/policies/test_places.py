"""Where something is wrong, as people count."""

import pytest

from reviews.policies import place


class TestPlace:
    @pytest.mark.parametrize(
        ("key", "told"),
        [
            ("rules.0.when", "Rule 1, when"),
            ("rules.11", "Rule 12"),
            ("steps.6.at", "Step 6, at"),
            ("rules", "rules"),
            ("title", "title"),
            ("rules.x", "rules.x"),
            ("", ""),
        ],
    )
    def test_counts_from_one_as_the_cards_do(self, key, told):
        assert place(key) == told
