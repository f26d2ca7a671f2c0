"""What each verdict does to each kind of question."""

import pytest

from reviews.meanings import MEANS, means
from reviews.states import VERDICTS_FOR, Kind, Verdict


class TestMeans:
    def test_has_a_sentence_for_every_verdict_of_every_kind_and_for_no_other(self):
        assert MEANS.keys() == {(kind, verdict) for kind, verdicts in VERDICTS_FOR.items() for verdict in verdicts}

    @pytest.mark.parametrize(
        ("verdict", "begins"),
        [
            (Verdict.APPROVE, "It did not happen: pay runs again"),
            (Verdict.OVERRIDE, "It happened: pay does not run again"),
            (Verdict.REJECT, "Nobody can tell: pay does not run again, and the run ends as failed"),
        ],
    )
    def test_of_an_unknown_outcome_begins_with_the_fact_that_it_states(self, verdict, begins):
        assert means(Kind.UNKNOWN_OUTCOME, verdict, "pay").startswith(begins)

    def test_names_no_tool_where_there_is_none(self):
        assert means(Kind.UNKNOWN_OUTCOME, Verdict.APPROVE, "").startswith("It did not happen: it runs again")

    @pytest.mark.parametrize(
        ("under_vote", "begins"),
        [
            (Verdict.APPROVE, "pay runs as proposed"),
            (Verdict.EDIT, "What your colleague put in its place counts"),
            (Verdict.OVERRIDE, "pay does not run; the agent reads the output under vote"),
            ("", "What is under vote counts"),
        ],
    )
    def test_of_an_approval_is_what_is_under_vote(self, under_vote, begins):
        assert means(Kind.TOOL_APPROVAL, Verdict.APPROVE, "pay", under_vote=under_vote).startswith(begins)
        assert means(Kind.TOOL_APPROVAL, Verdict.REJECT, "pay", under_vote=under_vote).startswith("pay does not run.")

    def test_is_empty_where_it_cannot_be_said(self):
        assert means(Kind.QUESTION, Verdict.APPROVE, "pay") == ""
