"""What reviewers are shown of a proposal that was rejected before."""

import pytest

from reviews.actions import interventions, leases
from reviews.states import Verdict
from tests import factories
from tests.reviews.desk_data import text_of
from tests.reviews.management.shell import call, told
from tests.reviews.web.visits import page_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def third(alice, bob):
    """A refund that alice and bob have rejected, asked again."""
    run = factories.leased()
    for person, note in ((alice, "Ask for the receipt."), (bob, "")):
        question = factories.question(run)
        interventions.decide(question.pk, by=person, verdict=Verdict.REJECT, note=note)
        run = leases.take(run.pk, worker="w")
    return factories.question(run)


class TestPane:
    def test_says_how_often_by_whom_and_why_with_links(self, third, alice, bob):
        page = text_of(page_of(alice, "reviews:intervention", third.pk))

        assert "3rd identical attempt: rejected twice before" in page
        assert "saying “Ask for the receipt.”" in page
        for earlier in third.run.interventions.exclude(pk=third.pk):
            assert f'href="/interventions/{earlier.pk}/"' in page.partition('id="repeated"')[2]

    def test_says_nothing_of_a_first_attempt(self, alice):
        assert "identical attempt" not in text_of(page_of(alice, "reviews:intervention", factories.question().pk))


class TestLastAttempt:
    ENDS = "If it is rejected once more and the agent proposes it again, nobody is asked: the run ends as failed."

    def test_is_called_so_before_the_run_ends_over_it(self, third, alice):
        assert self.ENDS in text_of(page_of(alice, "reviews:intervention", third.pk))
        assert self.ENDS in call("show", third.pk)
        assert told("show", third.pk)["is_last"] is True

    def test_comes_sooner_for_an_agent_that_allows_fewer(self, alice):
        factories.card(max_rejections=2)
        run = factories.leased()
        interventions.decide(factories.question(run).pk, by=alice, verdict=Verdict.REJECT)
        second = factories.question(leases.take(run.pk, worker="w"))

        assert self.ENDS in text_of(page_of(alice, "reviews:intervention", second.pk))

    def test_is_not_the_second_of_four(self, alice):
        run = factories.leased()
        interventions.decide(factories.question(run).pk, by=alice, verdict=Verdict.REJECT)
        second = factories.question(leases.take(run.pk, worker="w"))

        assert self.ENDS not in text_of(page_of(alice, "reviews:intervention", second.pk))
        assert told("show", second.pk)["is_last"] is False

    def test_is_no_warning_any_more_once_it_is_decided(self, third, alice):
        interventions.decide(third.pk, by=alice, verdict=Verdict.APPROVE)

        assert self.ENDS not in text_of(page_of(alice, "reviews:intervention", third.pk))


class TestInbox:
    def test_marks_the_row(self, third, alice):
        assert "Rejected 2×" in text_of(page_of(alice, "reviews:inbox"))

    def test_marks_no_first_attempt(self, alice):
        factories.question()

        assert "Rejected" not in text_of(page_of(alice, "reviews:inbox"))


class TestCommands:
    def test_inbox_counts_for_people_and_programs(self, third):
        assert [row["rejections"] for row in told("inbox")] == [2]
        assert "(rejected twice before)" in call("inbox")

    def test_show_names_who_rejected_it_and_why(self, third):
        shown = told("show", third.pk)

        assert [(said["by"], said["note"]) for said in shown["rejected_before"]] == [
            ("alice", "Ask for the receipt."),
            ("bob", ""),
        ]
        assert "Ask for the receipt." in call("show", third.pk)
