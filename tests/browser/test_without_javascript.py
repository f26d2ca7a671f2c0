"""The same work by links and forms alone."""

import pytest
from playwright.sync_api import Page, expect

from reviews.actions import interventions
from reviews.states import Verdict
from tests.browser.desk import ANOTHER_REFUND, PATIENT, REFUND, at, choose, expect_decided, row, verdict
from tests.factories import PASSWORD


@pytest.fixture
def page(desk, alice) -> Page:
    """Alice's window, in which no script runs."""
    return desk.window(alice, java_script_enabled=False)


@pytest.fixture
def refund(desk, page):
    """A refund, open in the window."""
    item = desk.ask("refunds", REFUND)
    page.goto(f"{desk.url}{at(item)}")
    return item


class TestTheWay:
    def test_leads_from_sign_in_through_filters_to_a_claimed_question(self, desk, alice):
        first, second = desk.ask("refunds", REFUND), desk.ask("triage", PATIENT)
        page = desk.window(java_script_enabled=False)
        page.goto(desk.url)
        page.get_by_label("User name").fill("alice")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        for item in (first, second):
            expect(row(page, item)).to_be_visible()

        page.locator("#inbox-filters summary", has_text="Queue").click()
        page.get_by_role("checkbox", name="Support").check()
        page.locator("#inbox-filters details[open]").get_by_role("button", name="Apply").click()
        expect(row(page, second)).to_have_count(0)
        row(page, first).get_by_role("link").click()
        expect(page.locator("#review-title")).to_have_text(first.title)
        expect(row(page, second)).to_have_count(0)
        page.get_by_role("button", name="Claim").click()

        expect(page.get_by_role("button", name="Release")).to_be_visible()
        expect(row(page, first)).to_contain_text("You")

    def test_starts_a_run(self, desk, page):
        page.goto(f"{desk.url}/runs/new/?agent=refunds&sample=1")

        page.get_by_role("button", name="Start").click()

        expect(page.locator("#run-steps")).to_contain_text(REFUND)


class TestVerdict:
    def test_approve(self, page, refund):
        verdict(page, "approve").click()

        expect_decided(page, "Approved by alice")

    def test_edit_with_a_preview(self, page, refund):
        choose(page, "Edit")
        page.get_by_label("amount").fill("450")
        page.get_by_role("button", name="Preview the changes").click()
        expect(page.locator(f"#preview-{refund.pk} ins").first).to_contain_text("450")
        expect(page.get_by_label("amount")).to_have_value("450")
        verdict(page, "edit").click()

        expect_decided(page, "Approved with edits by alice")

    def test_reject(self, page, refund):
        page.get_by_label("Feedback for the agent").fill("Not this one.")
        verdict(page, "reject").click()

        expect_decided(page, "Rejected by alice")

    def test_override_and_answer(self, desk, page, alice):
        order = desk.ask("triage", PATIENT)
        page.goto(f"{desk.url}{at(order)}")
        choose(page, "Override")
        page.get_by_label("Output the agent will read").fill("Troponin 9 ng/l.")
        verdict(page, "override").click()
        expect_decided(page, "Overridden by alice")

        page.goto(f"{desk.url}{at(desk.question(order.run, tool='ask_human'))}")
        page.get_by_label("Observe, no further action").check()
        verdict(page, "answer").click()
        expect_decided(page, "Answered by alice")


class TestKeyHints:
    def test_are_drawn_only_where_keys_do_something(self, desk, page, refund, alice):
        expect(verdict(page, "approve")).to_be_visible()
        for address in (at(refund), "/runs/new/?agent=refunds"):
            page.goto(f"{desk.url}{address}")
            expect(page.locator("kbd").first).to_be_attached()
            expect(page.locator("kbd:visible")).to_have_count(0)

        expect(verdict(desk.open(alice, at(refund)), "approve").locator("kbd")).to_be_visible()


class TestConflict:
    def test_says_who_was_faster_and_keeps_the_text(self, desk, page, refund, bob):
        page.get_by_label("Feedback for the agent").fill("Not this one.")

        interventions.decide(refund.pk, by=bob, verdict=Verdict.APPROVE)
        verdict(page, "reject").click()

        expect(page.locator("#conflict")).to_contain_text("bob approved this item on")
        expect(page.locator(f"#kept-{refund.pk}").get_by_label("Feedback for the agent")).to_have_value("Not this one.")

    def test_of_a_claim_leaves_the_form_as_it_was(self, desk, page, refund, bob):
        page.get_by_label("Feedback for the agent").fill("Not this one.")

        interventions.claim(refund.pk, by=bob)
        verdict(page, "reject").click()

        expect(page.locator("#conflict")).to_contain_text("bob has claimed this item since")
        expect(page.get_by_label("Feedback for the agent")).to_have_value("Not this one.")


class TestNextQuestion:
    def test_is_a_link_away(self, desk, page, refund):
        other = desk.ask("refunds", ANOTHER_REFUND)
        verdict(page, "approve").click()

        page.locator("#next-item").click()

        expect(page.locator("#review-title")).to_have_text(other.title)
