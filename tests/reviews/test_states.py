"""The table of moves."""

import pytest

from reviews import states
from reviews.states import (
    INTERVENTION_MOVES,
    OUTCOME_OF,
    RUN_MOVES,
    VERDICTS_FOR,
    InterventionStatus,
    Kind,
    RunStatus,
    ToolCallStatus,
)


class TestRunMoves:
    def test_know_every_status(self):
        assert set(RUN_MOVES) == set(RunStatus)

    @pytest.mark.parametrize("status", sorted(states.RUN_ENDED))
    def test_have_no_way_out_of_an_end(self, status):
        assert RUN_MOVES[status] == frozenset()

    @pytest.mark.parametrize("status", sorted(states.RUN_OPEN))
    def test_let_every_open_run_be_stopped(self, status):
        assert RunStatus.CANCELLED in RUN_MOVES[status]

    def test_complete_a_run_only_where_a_worker_has_it(self):
        assert [status for status, moves in RUN_MOVES.items() if RunStatus.COMPLETED in moves] == [RunStatus.RUNNING]

    def test_give_a_worker_only_what_is_queued(self):
        assert [status for status, moves in RUN_MOVES.items() if RunStatus.RUNNING in moves] == [RunStatus.QUEUED]

    def test_never_leave_a_run_where_it_cannot_be_queued_again_or_ended(self):
        for status in states.RUN_OPEN - {RunStatus.QUEUED}:
            assert RunStatus.QUEUED in RUN_MOVES[status]

    def test_divide_all_runs_into_open_and_ended(self):
        assert set(RunStatus) == states.RUN_OPEN | states.RUN_ENDED
        assert not states.RUN_OPEN & states.RUN_ENDED


class TestInterventionMoves:
    def test_know_every_status(self):
        assert set(INTERVENTION_MOVES) == set(InterventionStatus)

    @pytest.mark.parametrize("status", sorted(set(InterventionStatus) - states.OPEN))
    def test_have_no_way_out_of_a_closed_question(self, status):
        assert INTERVENTION_MOVES[status] == frozenset()

    @pytest.mark.parametrize("status", sorted(states.OPEN))
    def test_let_an_open_question_be_decided_expire_or_be_withdrawn(self, status):
        closed = {InterventionStatus.DECIDED, InterventionStatus.EXPIRED, InterventionStatus.CANCELLED}
        assert closed <= INTERVENTION_MOVES[status]


class TestVerdicts:
    def test_have_an_outcome_each(self):
        assert set(states.OUTCOME_OF) == set(states.Verdict)
        assert len(set(states.OUTCOME_OF.values())) == len(states.Verdict)

    def test_are_known_for_every_kind_and_always_hold_a_no(self):
        assert set(states.VERDICTS_FOR) == set(states.Kind)
        assert all(states.Verdict.REJECT in verdicts for verdicts in states.VERDICTS_FOR.values())

    def test_never_answer_for_a_tool_and_never_approve_a_question(self):
        assert states.Verdict.ANSWER not in states.VERDICTS_FOR[states.Kind.TOOL_APPROVAL]
        assert states.Verdict.APPROVE not in states.VERDICTS_FOR[states.Kind.QUESTION]


class TestSettledCalls:
    def test_are_those_about_which_nothing_is_left_to_find_out(self):
        open_calls = {ToolCallStatus.PROPOSED, ToolCallStatus.APPROVED, ToolCallStatus.STARTED, ToolCallStatus.UNKNOWN}
        assert set(ToolCallStatus) - open_calls == states.SETTLED_CALLS


class TestRisk:
    def test_sorts(self):
        assert sorted(states.Risk, reverse=True)[0] == states.Risk.CRITICAL


@pytest.mark.parametrize(("kind", "verdict"), [(kind, verdict) for kind in Kind for verdict in VERDICTS_FOR[kind]])
def test_every_verdict_of_every_kind_has_words_for_what_came_of_it(kind, verdict):
    outcome = OUTCOME_OF[verdict]

    assert states.outcome_label(kind, outcome)
    assert "this item" in states.deed(kind, outcome, "this item")


def test_a_question_without_an_outcome_has_no_words_for_one():
    assert states.outcome_label(Kind.QUESTION, "") == ""
