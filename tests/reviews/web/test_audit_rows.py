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


class TestDetail:
    def test_of_a_late_return_names_the_tool_and_what_came_of_it(self):
        data = '{"call_id":"c1","error":"Timeout","executed":{"amount":5},"output":"told","tool":"issue_refund"}'

        assert audit_rows.detail(AuditEntry(data=data)) == "issue_refund · Timeout · told"
