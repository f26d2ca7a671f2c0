"""Two people at one question: the slower one learns who was faster, and loses no word."""

import re

from playwright.sync_api import Page, expect

from reviews.actions import interventions
from reviews.models import Decision
from reviews.states import Verdict
from tests.browser.desk import REFUND, at, choose, expect_decided, row, verdict

SAID = "Please ask for the receipt first."


def deafen(page: Page) -> None:
    """Let the page believe in a socket on which nobody speaks, so that it learns of nothing."""
    page.route_web_socket(re.compile("/ws/"), lambda socket: None)


class TestDecidedByAColleague:
    def test_is_refused_with_who_did_what_and_when_and_the_text_is_kept(self, desk, alice, bob):
        item = desk.ask("refunds", REFUND)
        alices, bobs = desk.open(alice, at(item)), desk.window(bob)
        deafen(bobs)
        desk.visit(bobs, at(item))
        bobs.get_by_label("Feedback for the agent").fill(SAID)
        choose(bobs, "Edit")
        bobs.get_by_label("amount").fill("450")

        verdict(alices, "approve").click()
        expect_decided(alices, "Approved by alice")
        with bobs.expect_response("**/decide/") as answer:
            verdict(bobs, "edit").click()

        assert answer.value.status == 409
        expect(bobs.locator("#conflict")).to_contain_text(
            re.compile(r"alice approved this item on \d\d \w{3} \d{4} at \d\d:\d\d:\d\d UTC")
        )
        expect(bobs.locator("#conflict")).to_contain_text("Your decision was not recorded")
        kept = bobs.locator(f"#kept-{item.pk}")
        expect(kept.get_by_label("Feedback for the agent")).to_have_value(SAID)
        expect(kept.get_by_label("amount")).to_have_value("450")
        expect_decided(bobs, "Approved by alice")
        assert Decision.objects.get().decided_by == alice

    def test_is_announced_over_the_socket_and_the_form_is_closed(self, desk, alice, bob):
        item = desk.ask("refunds", REFUND)
        alices, bobs = desk.open(alice, at(item)), desk.open(bob, at(item))
        note = bobs.get_by_label("Feedback for the agent")
        note.fill(SAID)

        verdict(alices, "approve").click()

        notice = bobs.locator(f"#notice-{item.pk}")
        expect(notice).to_contain_text("alice approved this at")
        for name in ("approve", "reject"):
            expect(verdict(bobs, name)).to_be_disabled()
        expect(note).to_have_value(SAID)
        expect(row(bobs, item)).to_have_count(0)
        notice.get_by_role("link", name="Show the question as it is now").click()
        expect_decided(bobs, "Approved by alice")

    def test_on_the_command_line_shows_the_same(self, desk, alice, bob):
        item = desk.ask("refunds", REFUND)
        page = desk.window(bob)
        deafen(page)
        desk.visit(page, at(item))

        interventions.decide(item.pk, by=alice, verdict=Verdict.REJECT, note="No.")
        verdict(page, "approve").click()

        expect(page.locator("#conflict")).to_contain_text("alice rejected this item on")


class TestClaimedByAColleague:
    def test_can_be_read_but_not_decided_until_it_is_released(self, desk, alice, bob):
        item = desk.ask("refunds", REFUND)
        alices, bobs = desk.open(alice, at(item)), desk.open(bob)
        alices.get_by_role("button", name="Claim").click()
        expect(alices.get_by_role("button", name="Release")).to_be_visible()

        expect(row(bobs, item)).to_contain_text("alice")
        row(bobs, item).click()
        expect(bobs.locator("#held-by")).to_contain_text("alice has claimed this since")
        expect(verdict(bobs, "approve")).to_be_disabled()

        alices.get_by_role("button", name="Release").click()
        expect(alices.get_by_role("button", name="Claim")).to_be_visible()
        expect(row(bobs, item)).to_contain_text("Unclaimed")
        expect(verdict(bobs, "approve")).to_be_enabled()
        verdict(bobs, "approve").click()
        expect_decided(bobs, "Approved by bob")

    def test_renews_the_pane_of_who_typed_nothing(self, desk, alice, bob):
        item = desk.ask("refunds", REFUND)
        alices, bobs = desk.open(alice, at(item)), desk.open(bob, at(item))

        alices.get_by_role("button", name="Claim").click()
        expect(bobs.locator("#held-by")).to_contain_text("alice has claimed this since")
        alices.get_by_role("button", name="Release").click()

        expect(bobs.get_by_role("button", name="Claim")).to_be_visible()
        expect(verdict(bobs, "approve")).to_be_enabled()

    def test_closes_the_form_of_who_typed_and_opens_it_again(self, desk, alice, bob):
        item = desk.ask("refunds", REFUND)
        alices, bobs = desk.open(alice, at(item)), desk.open(bob, at(item))
        note = bobs.get_by_label("Feedback for the agent")
        note.fill(SAID)

        alices.get_by_role("button", name="Claim").click()
        expect(verdict(bobs, "reject")).to_be_disabled()
        alices.get_by_role("button", name="Release").click()

        expect(verdict(bobs, "reject")).to_be_enabled()
        expect(note).to_have_value(SAID)

    def test_meanwhile_is_refused_with_the_holders_name(self, desk, alice, bob):
        item = desk.ask("refunds", REFUND)
        page = desk.window(bob)
        deafen(page)
        desk.visit(page, at(item))
        page.get_by_label("Feedback for the agent").fill(SAID)

        interventions.claim(item.pk, by=alice)
        verdict(page, "reject").click()

        expect(page.locator("#conflict")).to_contain_text("alice has claimed this item since")
        expect(page.get_by_label("Feedback for the agent")).to_have_value(SAID)
