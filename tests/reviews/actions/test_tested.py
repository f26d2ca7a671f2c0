"""The figures of back-tests, and that who puts a version in force knows them."""

import json

import pytest

from reviews.actions import Conflict, backtest, interventions, review_policies, tested
from reviews.models import AuditEntry, BackTest
from tests.reviews.actions.conftest import book
from tests.reviews.actions.test_backtest import OVER_200, OVER_1000, drafted, recorded


@pytest.fixture
def draft(mara):
    return drafted(mara, OVER_1000)


@pytest.fixture
def rejected(alice):
    """A call that a person rejected and the draft would let through."""
    item = recorded(500).interventions.get()
    interventions.decide(item.pk, by=alice, verdict="reject", note="No.")
    return item


class TestOf:
    def test_is_nothing_before_one_was_run(self, draft):
        found = tested.of(draft)

        assert (found.last, found.mark, found.doubt) == (None, "none", "that no back-test of this was run")

    def test_keeps_what_the_last_one_found(self, draft, rejected, mara):
        recorded(300, 5000)
        backtest.run(draft.pk, by=mara, days=7)

        last = tested.of(draft).last
        assert (last.calls, last.asked_before, last.asked_after, last.days) == (3, 3, 1, 7)
        assert (last.changes, last.run_by) == ({"released": 1, "let_through": 1}, mara)
        assert last.released == [rejected.tool_call_id]

    def test_is_signed_in_the_book(self, draft, rejected, mara):
        backtest.run(draft.pk, by=mara)

        entry = AuditEntry.objects.latest("seq")
        assert (entry.action, entry.actor) == ("policy.back_tested", "mara")
        assert json.loads(entry.data)["changes"] == {"released": 1}

    def test_forgets_nothing_grave_over_a_later_one(self, draft, rejected, mara, otto):
        backtest.run(draft.pk, by=mara)
        BackTest.objects.update(rejected=3)
        backtest.run(draft.pk, by=otto)

        found = tested.of(draft)
        assert (found.last.run_by, found.gravest.run_by, found.rejected) == (otto, mara, 3)
        assert found.doubt == "that 3 calls would pass although a person had rejected them"

    def test_says_nothing_of_what_a_draft_said_before(self, draft, rejected, mara):
        backtest.run(draft.pk, by=mara)

        assert tested.of(review_policies.save(draft.pk, by=mara, body={"rules": OVER_200})).last is None

    def test_doubts_one_that_judged_nothing(self, draft, mara):
        backtest.run(draft.pk, by=mara)

        assert tested.of(draft).doubt == "that the back-test found no call to judge"

    def test_doubts_nothing_where_nothing_rejected_would_pass(self, draft, mara):
        recorded(300)
        backtest.run(draft.pk, by=mara)

        assert tested.of(draft).doubt == ""


class TestActivate:
    def test_needs_a_word_that_a_doubt_is_known(self, draft, rejected, mara, admin):
        backtest.run(draft.pk, by=mara)

        with pytest.raises(Conflict, match="First tick that you know that 1 call would pass"):
            review_policies.activate(draft.pk, by=admin, known="")
        assert book()[-1] == "policy.back_tested"

    def test_needs_the_word_about_the_last_one(self, draft, rejected, mara, admin):
        with pytest.raises(Conflict, match="no back-test of this was run"):
            review_policies.activate(draft.pk, by=admin, known="")
        backtest.run(draft.pk, by=mara)
        with pytest.raises(Conflict, match="was run since you read this page"):
            review_policies.activate(draft.pk, by=admin, known=tested.NONE)

    def test_writes_into_the_book_what_was_known(self, draft, rejected, mara, admin):
        backtest.run(draft.pk, by=mara)
        review_policies.activate(draft.pk, by=admin, known=tested.of(draft).mark)

        known = json.loads(AuditEntry.objects.latest("seq").data)["back_test"]
        assert (known["calls"], known["changes"]) == (1, {"released": 1})

    def test_writes_into_the_book_that_none_was_run(self, draft, admin):
        review_policies.activate(draft.pk, by=admin, known=tested.NONE)

        assert json.loads(AuditEntry.objects.latest("seq").data)["back_test"] is None
