"""In what something would be asked more lightly."""

import pytest

from reviews.policies import Judgement, lighter
from reviews.states import Risk, Ruling

STRICT = {"approvals": 2, "risk": 3, "groups": ["treasury"], "not_by": ["requester"], "reason_required": True}


class TestLighter:
    @pytest.mark.parametrize(
        ("less", "told"),
        [
            ({"approvals": 1}, "approvals 2 → 1"),
            ({"risk": Risk.LOW}, "risk high → low"),
            ({"groups": ()}, "approvals of treasury → of anybody in the queue"),
            ({"groups": ("treasury", "interns")}, "approvals of treasury → of interns, treasury"),
            ({"not_by": ()}, "no longer barred: requester"),
            ({"reason_required": False}, "no reason required"),
            ({"rejecting": "majority"}, "one rejection no longer rejects"),
            ({"queue": "legal"}, "queue finance → legal"),
        ],
    )
    def test_names_what_is_less(self, less, told):
        assert lighter(STRICT, STRICT | less, "finance") == told

    @pytest.mark.parametrize(
        "more",
        [
            {},
            {"approvals": 3},
            {"risk": Risk.CRITICAL},
            {"not_by": ("requester", "earlier_voters")},
            {"queue": "finance"},
            {"name": "Another rule", "title": "Another title"},
        ],
    )
    def test_is_silent_where_nothing_is(self, more):
        assert lighter(STRICT, STRICT | more, "finance") == ""

    def test_reads_judgements_and_copies_that_an_older_release_kept(self):
        said = vars(Judgement(Ruling.ASKED, "why", risk=Risk.LOW))
        assert lighter({}, said) == "risk medium → low" and lighter(said, {}) == ""

    def test_names_all_at_once(self):
        assert lighter(STRICT, {"risk": 1, "groups": ["treasury"], "not_by": ["requester"]}) == (
            "approvals 2 → 1; risk high → low; no reason required"
        )
