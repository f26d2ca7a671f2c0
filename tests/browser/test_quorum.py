"""Two people have to agree: in real windows, nobody reloads anything by hand but who is told to."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from reviews.models import Decision, Intervention
from tests import factories
from tests.browser import looks
from tests.browser.desk import REFUND, at, choose, expect_decided, expect_finished, row, verdict
from tests.reviews.actions.votes import bound

VERDICTS = ("approve", "edit", "override", "reject")
RULES = {"approvals": 2, "not_by": ["requester"]}


@pytest.fixture
def carol(desk, queue) -> User:
    """A third reviewer."""
    person = factories.user("carol", "reviewer")
    factories.seat(person, queue)
    return person


@pytest.fixture
def item(desk, alice) -> Intervention:
    """A refund of a run that alice started; two must approve it, and she is not one of them."""
    return bound(desk.ask("refunds", REFUND, by=alice), **RULES)


def expect_no_buttons(page: Page) -> None:
    for name in VERDICTS:
        expect(verdict(page, name)).to_have_count(0)


class TestTwoApprovals:
    def test_come_from_two_others_than_the_requester_and_let_the_run_complete(self, desk, item, alice, bob, carol):
        alices, bobs, carols = desk.open(alice, at(item)), desk.open(bob, at(item)), desk.open(carol, at(item))
        timeline = desk.open(alice, at(item.run))
        expect_no_buttons(alices)
        expect(alices.locator("#not-yours")).to_contain_text("You started this run")
        expect(bobs.locator("#progress")).to_contain_text("0 of 2 approvals")

        carols.get_by_label("Feedback for the agent").fill("Both charges are on the statement.")
        bobs.locator("#id_reason").fill("Checked with the bank.")
        verdict(bobs, "approve").click()

        expect(bobs.locator("#voted")).to_contain_text("1 of 2 approvals")
        expect_no_buttons(bobs)
        for page in (alices, carols):
            expect(row(page, item)).to_contain_text("1 of 2 approvals")
        notice = carols.locator(f"#notice-{item.pk}")
        expect(notice).to_contain_text("A colleague voted on this")
        expect(timeline.locator("#run-steps")).to_contain_text("A reviewer voted on issue_refund")
        assert Intervention.objects.get(pk=item.pk).is_open

        notice.get_by_role("link", name="Show the question as it is now").click()
        expect(carols.locator("#blind")).to_be_visible()
        for page in (alices, carols, timeline):
            expect(page.locator("main")).not_to_contain_text("Checked with the bank")
        expect(carols.locator("#votes")).not_to_contain_text("bob")
        verdict(carols, "approve").click()

        expect_decided(carols, "Approved by bob and carol")
        for said in ("Checked with the bank.", "Both charges are on the statement."):
            expect(carols.locator("#votes")).to_contain_text(said)
        expect_finished(timeline)
        assert [one.decided_by for one in Decision.objects.order_by("id")] == [bob, carol]

    def test_are_asked_anew_of_everybody_once_somebody_edits(self, desk, item, bob, carol):
        desk.decide(item, by=bob)
        carols = desk.open(carol, at(item))
        choose(carols, "Edit")
        carols.get_by_label("amount").fill("450")
        verdict(carols, "edit").click()
        expect(carols.locator("#voted")).to_contain_text("1 of 2 approvals")
        expect(carols.locator("#motion")).to_contain_text("450")

        bobs = desk.open(bob, at(item))
        expect(bobs.locator("#motion")).to_contain_text("An edit is under vote")
        expect(bobs.locator("#motion")).to_contain_text("450")
        verdict(bobs, "approve").click()
        expect_decided(bobs, "Approved with edits by carol and bob")


class TestLooks:
    def test_of_a_vote_are_for_everybody_in_every_theme_and_size(self, desk, item, alice, bob, carol):
        requester = desk.open(alice, at(item))
        assert looks.faults(requester, "requester") == []
        desk.decide(item, "edit", by=carol, replacement={**item.proposal, "amount": 450.0})
        page = desk.open(bob, at(item))
        expect(page.locator("#motion")).to_be_visible()
        assert looks.faults(page, "under vote") == []
        desk.visit(page, at(item))
        assert looks.faults(desk.open(carol, at(item)), "own vote") == []
