"""One line of the audit log as a person reads it."""

import pytest

from reviews.models import AuditEntry
from reviews.web import audit_rows
from reviews.web.audit_rows import TONES
from tests.reviews.recorded import actions


class TestTone:
    def test_is_chosen_for_every_action_and_for_no_other(self):
        assert TONES.keys() == {action.rpartition(".")[2] for action in actions()}

    @pytest.mark.parametrize(
        ("action", "tone"),
        [("tool_call.unknown", "wait"), ("tool_call.finished_late", "caution"), ("run.never_heard_of", "idle")],
    )
    def test_says_how_much_an_entry_matters(self, action, tone):
        assert audit_rows.of(AuditEntry(action=action, data="{}")).tone == tone

    def test_of_a_call_told_to_run_again_is_no_plain_approval(self):
        data = '{"kind":"unknown_outcome"}'

        assert audit_rows.of(AuditEntry(action="intervention.approve", data=data)).tone == "caution"


class TestDetail:
    def test_of_a_late_return_names_the_tool_and_what_came_of_it(self):
        data = '{"call_id":"c1","error":"Timeout","executed":{"amount":5},"output":"told","tool":"issue_refund"}'

        assert audit_rows.detail(AuditEntry(data=data)) == "issue_refund · Timeout · told"

    @pytest.mark.parametrize(
        ("verdict", "said"),
        [
            ("approve", "told to run again · issue_refund"),
            ("override", "taken as done · issue_refund"),
            ("reject", "told to end the run · issue_refund"),
        ],
    )
    def test_of_a_verdict_on_an_unknown_outcome_says_what_it_came_to(self, verdict, said):
        data = '{"kind":"unknown_outcome","tool":"issue_refund"}'

        assert audit_rows.detail(AuditEntry(action=f"intervention.{verdict}", data=data)) == said

    @pytest.mark.parametrize(
        ("verdict", "said", "tone"),
        [
            ("approve", "voted to run it again", "caution"),
            ("override", "voted that it happened", "busy"),
            ("reject", "voted to end the run because of it", "busy"),
        ],
    )
    def test_of_a_vote_on_an_unknown_outcome_says_what_was_voted_for(self, verdict, said, tone):
        data = f'{{"kind":"unknown_outcome","tool":"issue_refund","verdict":"{verdict}"}}'
        line = audit_rows.of(AuditEntry(action="intervention.voted", data=data))

        assert (line.detail, line.tone) == (f"{said} · issue_refund", tone)

    def test_of_any_other_vote_names_the_verdict(self):
        data = '{"kind":"tool_approval","tool":"issue_refund","verdict":"edit"}'

        assert audit_rows.detail(AuditEntry(action="intervention.voted", data=data)) == "edit · issue_refund"

    def test_of_an_ordinary_approval_repeats_nothing(self):
        data = '{"kind":"tool_approval","tool":"issue_refund"}'

        assert audit_rows.detail(AuditEntry(action="intervention.approve", data=data)) == "issue_refund"

    @pytest.mark.parametrize(
        ("action", "key", "said"),
        [("run.forked", "fork_of", "from run 3c8d7516"), ("run.submitted", "retry_of", "retry of run 3c8d7516")],
    )
    def test_of_a_run_that_comes_from_another_names_that_run(self, action, key, said):
        data = f'{{"agent":"refunds","{key}":"3c8d7516-0000-4000-8000-000000000000"}}'

        assert audit_rows.detail(AuditEntry(action=action, data=data)).startswith(said)
