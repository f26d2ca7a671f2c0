"""Whether a call happened: three choices of the same weight, and what reviewers are told of it later."""

import pytest
from playwright.sync_api import expect

from reviews.actions import forks, gates, tool_calls
from reviews.models import Decision
from reviews.states import Verdict
from tests import factories
from tests.browser.desk import at, doubtful, expect_decided, verdict
from tests.browser.test_looks import require_good_looks


@pytest.fixture
def item(desk, alice):
    return doubtful(desk, alice)


class TestKeys:
    def test_lead_to_each_choice_and_press_none(self, desk, alice, item):
        page = desk.open(alice, at(item))

        for key, name in (("a", "approve"), ("o", "override"), ("r", "reject")):
            page.keyboard.press(key)
            expect(verdict(page, name)).to_be_focused()

        assert not Decision.objects.exists()
        page.keyboard.press("a")
        page.keyboard.press("Enter")
        expect_decided(page, "Run again by alice")

    def test_press_none_by_enter_in_the_form(self, desk, alice, item):
        page = desk.open(alice, at(item))

        page.get_by_role("radio", name="JSON").check()
        page.get_by_role("radio", name="JSON").press("Enter")
        expect(page.locator("#errors")).to_contain_text("Press the button of your decision.")
        desk.visit(page, at(item))
        page.get_by_label("Feedback for the agent").press("Control+Enter")

        expect(page.locator("#errors")).to_contain_text("Press the button of your decision.")
        assert not Decision.objects.exists()


class TestItHappened:
    def test_asks_first_for_what_came_back_and_then_takes_it(self, desk, alice, item):
        page = desk.open(alice, at(item))

        verdict(page, "override").click()

        output = page.get_by_label("What issue_refund returned")
        expect(output).to_be_focused()
        expect(page.locator("#asked-id_output")).to_be_visible()
        output.fill("Receipt RF-9")
        output.press("Control+Enter")
        expect_decided(page, "Taken as done by alice")

    def test_needs_no_script(self, desk, alice, item):
        page = desk.window(alice, java_script_enabled=False)
        page.goto(f"{desk.url}{at(item)}")

        verdict(page, "override").click()
        expect(page.locator("#outcome .errorlist")).to_be_visible()
        page.get_by_label("What issue_refund returned").fill("Receipt RF-9")
        verdict(page, "override").click()

        expect_decided(page, "Taken as done by alice")


class TestLooks:
    def test_of_the_question_and_of_all_that_follows_from_it(self, desk, alice, item):
        page = desk.open(alice, at(item))
        require_good_looks(page, "unknown outcome")
        verdict(page, "override").click()
        require_good_looks(page, "unknown outcome, asked for its output")
        verdict(page, "override").click()
        expect(page.locator("#errors")).to_be_visible()
        require_good_looks(page, "unknown outcome without an output")

        desk.decide(item, by=alice)
        run = factories.leased(item.run, worker="e2b1f3a40c77:4712")
        factories.begin(run, item.tool_call.call_id)
        tool_calls.finish(run, item.tool_call.call_id, "Receipt RF-2")
        gates.park(run, factories.state("next"), [factories.proposal(arguments={"customer_id": "C-1", "amount": 2})])
        desk.visit(page, at(run))
        require_good_looks(page, "two attempts")

        again = factories.leased(forks.fork(run.checkpoints.latest("number").pk, by=alice))
        gates.park(again, factories.state("again"), [factories.proposal()])
        desk.visit(page, at(again.interventions.get()))
        expect(page.locator("#already-ran")).to_be_visible()
        require_good_looks(page, "question of a fork")

    def test_of_a_retry_in_doubt_and_the_list(self, desk, alice, item):
        desk.decide(item, Verdict.REJECT, by=alice)
        page = desk.open(alice, at(item.run))
        page.get_by_role("link", name="Retry").click()
        expect(page.locator("#unknown-calls")).to_be_visible()
        require_good_looks(page, "retry in doubt")

        page.get_by_role("button", name="Retry").click()
        expect(page.locator("#run-steps")).to_be_visible()
        desk.visit(page, "/runs/")
        expect(page.locator(".plain-label", has_text="retry")).to_be_visible()
        require_good_looks(page, "runs with a retry")
