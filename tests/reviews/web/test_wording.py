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


class TestAtDueTime:
    def test_tells_the_truth_about_the_clock(self):
        assert "does not expire" in wording.at_due_time(Intervention())

        item = Intervention(expires_at=datetime(2026, 11, 22, 12, 30, tzinfo=UTC))
        assert "expires at 22 Nov 2026 12:30 UTC" in wording.at_due_time(item)
