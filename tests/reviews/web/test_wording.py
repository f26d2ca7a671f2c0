"""What the desk calls a verdict."""

from datetime import UTC, datetime

import pytest

from reviews.models import Intervention
from reviews.states import VERDICTS_FOR, Kind
from reviews.web import wording


@pytest.mark.parametrize("kind", Kind)
class TestOptions:
    def test_has_words_for_every_verdict_of_every_kind(self, kind):
        options = wording.options(Intervention(kind=kind, tool="issue_refund"))

        assert [option.verdict for option in options] == list(VERDICTS_FOR[kind])
        assert all(option.label and option.then.endswith(".") and "{" not in option.then for option in options)

    def test_has_a_heading_for_every_kind(self, kind):
        assert wording.asked_for(Intervention(kind=kind))


@pytest.mark.parametrize(
    ("kind", "asks", "hint"),
    [
        (Kind.TOOL_APPROVAL, "id_note", "Tell the agent why, or press Reject again to reject without feedback."),
        (Kind.QUESTION, "id_note", "Tell the agent why, or press Decline again to decline without feedback."),
        (Kind.FINAL_OUTPUT, "id_note", "Tell the agent what to change: without feedback nothing is sent back."),
        (Kind.UNKNOWN_OUTCOME, "id_reason", "Tell your colleagues why, or press End the run again to end the run"),
    ],
)
class TestOption:
    def test_that_says_no_asks_for_words_in_the_field_somebody_reads(self, kind, asks, hint):
        *others, no = wording.options(Intervention(kind=kind, tool="issue_refund"))

        assert no.asks == asks
        assert no.hint.startswith(hint)
        asking = [option for option in others if option.asks or option.hint]
        assert [option.asks for option in asking] == (["id_output"] if kind == Kind.UNKNOWN_OUTCOME else [])


class TestAtDueTime:
    def test_tells_the_truth_about_the_clock(self):
        assert "does not expire" in wording.at_due_time(Intervention())

        item = Intervention(expires_at=datetime(2026, 11, 22, 12, 30, tzinfo=UTC))
        assert "expires at 22 Nov 2026 12:30 UTC" in wording.at_due_time(item)
