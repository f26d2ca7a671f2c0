"""What follows from a policy of time, and the policies that hold where none is named."""

import pytest

from reviews.escalations import ALLOWED, DEFAULTS, FINALS, Final, default_for
from reviews.states import Risk
from tests.reviews.escalations.test_reading import HOUR, body, read


class TestOffsets:
    def test_repeat_the_whole_loop_as_long_as_it_took_the_first_time(self):
        found = read(body(repeat=2))

        assert [seconds // HOUR for _, _, seconds in found.offsets()] == [2, 4, 6, 8, 10, 12]

    def test_repeat_from_a_step_only_what_follows_it(self):
        found = read(body(repeat=2, repeat_from=2))

        assert found.offsets() == [(1, 0, 2 * HOUR), (2, 0, 4 * HOUR), (2, 1, 6 * HOUR), (2, 2, 8 * HOUR)]

    def test_never_repeat_more_than_five_times(self):
        found = read(body(repeat=5))

        assert max(again for _, again, _ in found.offsets()) == 5


class TestFinalFor:
    @pytest.mark.parametrize(
        ("risk", "refused"),
        [
            (Risk.LOW, set()),
            (Risk.MEDIUM, {"approve"}),
            (Risk.HIGH, {"approve", "continue_with_default"}),
            (Risk.CRITICAL, {"approve", "continue_with_default"}),
        ],
    )
    def test_makes_a_rejection_of_what_the_risk_forbids(self, risk, refused):
        for do in FINALS:
            final = {"do": do} | ({"value": "none"} if do == "continue_with_default" else {})

            assert read(body(final=final)).final_for(risk).do == ("reject" if do in refused else do)

    def test_takes_a_risk_nobody_knows_for_the_highest(self):
        assert read(body(final={"do": "approve"})).final_for(99) == Final("reject")


class TestDefaults:
    @pytest.mark.parametrize("risk", list(Risk))
    def test_never_approve_and_always_end(self, risk):
        assert DEFAULTS[risk].final.do in ALLOWED[risk] - {"approve", "keep_waiting"}
        assert DEFAULTS[risk].expires_after

    def test_fail_the_run_where_the_risk_is_critical(self):
        assert [DEFAULTS[risk].final.do for risk in Risk] == ["reject", "reject", "reject", "fail_run"]

    def test_escalate_the_sooner_the_higher_the_risk(self):
        first = [
            min((s.offset(DEFAULTS[risk].respond_within) for s in DEFAULTS[risk].steps if s.level), default=None)
            for risk in Risk
        ]

        assert first == [None, 4 * HOUR, HOUR, 900]


class TestDefaultFor:
    def test_is_the_one_of_the_risk_where_the_rule_says_no_time(self):
        assert default_for(Risk.MEDIUM, 4 * HOUR) is DEFAULTS[Risk.MEDIUM]

    def test_means_the_seconds_of_a_rule_by_the_wall(self):
        found = default_for(Risk.MEDIUM, 600)

        assert (found.clock, found.respond_within) == ("wall", 600)
        assert [seconds for _, _, seconds in found.offsets()] == [300, 300, 540, 600]

    @pytest.mark.parametrize("risk", list(Risk))
    @pytest.mark.parametrize("due_in", [60, 3601, 30 * 86_400])
    def test_leaves_time_after_the_last_step(self, risk, due_in):
        found = default_for(risk, due_in)

        assert max(seconds for _, _, seconds in found.offsets()) < found.expires_after
