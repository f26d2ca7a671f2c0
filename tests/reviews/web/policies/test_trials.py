"""What a trial has shown, in a sentence."""

import pytest

from reviews.actions.shadows import Judged, Tally
from reviews.web.policies.trials import spoken


class TestSpoken:
    @pytest.mark.parametrize(
        ("tally", "judged", "told"),
        [
            (Tally(), Judged(), "In shadow it has judged no call yet"),
            (Tally(), Judged(0, all_seen=False), "In shadow it has judged none of the newest 1,000 calls"),
            (Tally(), Judged(1), "In shadow it has judged 1 call and agreed with the policies in force each time"),
            (
                Tally(),
                Judged(900, all_seen=False),
                "In shadow it has judged at least 900 calls and agreed with the policies in force each time",
            ),
            (
                Tally(asked=1, refused=2, lighter=3),
                Judged(5),
                "In shadow it has judged 6 calls; it would have newly asked about 1, let 0 through and refused 2, "
                "and asked about 3 more lightly or elsewhere",
            ),
        ],
    )
    def test_says_how_many_calls_stand_behind_it(self, tally, judged, told):
        assert spoken(tally, judged) == told
