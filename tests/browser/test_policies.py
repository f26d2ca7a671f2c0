"""Policies in Chromium: every page looks well, and two managers put a version in force between them."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from reviews.actions import review_policies, time_limits
from reviews.escalations import DEFAULTS
from reviews.models import ReviewPolicy
from reviews.states import Risk
from tests.browser.desk import LARGE_REFUND, Desk, at
from tests.browser.test_looks import require_good_looks
from tests.services import on_postgres

pytestmark = pytest.mark.skipif(on_postgres(), reason="a page looks the same on every database")
REFUNDS = [
    {"tool": "issue_refund", "ruling": "refuse", "when": "amount > 10000", "name": "Never so much"},
    {
        "tool": "issue_refund",
        "when": "amount > 200",
        "name": "Over 200",
        "risk": "high",
        "approvals": 2,
        "not_by": ["requester"],
        "title": "Refund {amount} to {customer_id}",
    },
]


def drafted(by: User) -> ReviewPolicy:
    return review_policies.draft("refunds-eu", by=by, body={"title": "Refunds in Europe", "rules": REFUNDS})


class TestPolicies:
    def test_are_written_back_tested_and_put_in_force_by_two(self, desk: Desk, mara: User, nina: User) -> None:
        desk.ask("refunds", LARGE_REFUND, by=mara)
        page = desk.open(mara, "/policies/")
        require_good_looks(page, "policies")
        page.get_by_role("link", name="New policy").click()
        require_good_looks(page, "new policy")
        page.get_by_label("Short name").fill("refunds-eu")
        page.get_by_role("button", name="Begin the draft").click()
        page.get_by_role("button", name="Add a rule").click()
        expect(page.get_by_role("status").filter(has_text="Rule 1 was added.")).to_be_visible()
        page.get_by_label("Tool", exact=True).fill("issue_refund")
        page.get_by_label("Rule 1, condition 1: what is looked at").fill("amount")
        page.get_by_label("Rule 1, condition 1: how it compares").select_option(">")
        page.get_by_label("Rule 1, condition 1: with what").fill("200")
        page.get_by_label("Approvals needed").fill("many")
        page.get_by_role("button", name="Save the draft").click()
        expect(page.locator("#wrong")).to_contain_text("Rule 1, approvals")
        require_good_looks(page, "a draft that cannot be saved")
        expect(page.get_by_label("Rule 1, condition 1: with what")).to_have_value("200")
        page.get_by_label("Approvals needed").fill("2")
        page.get_by_role("button", name="JSON").click()
        require_good_looks(page, "a draft as JSON")
        page.get_by_role("button", name="Rules").click()
        page.get_by_role("button", name="Save the draft").click()
        expect(page.get_by_text("is saved. It judges nothing")).to_be_visible()
        expect(page.locator("#why-not-activate")).to_contain_text("somebody else")
        require_good_looks(page, "a draft")
        page.get_by_role("link", name="Back-test it").click()
        page.get_by_role("button", name="Run it over these days").click()
        expect(page.locator("#result")).to_be_visible()
        require_good_looks(page, "a back-test")

        second = desk.open(nina, "/policies/refunds-eu/1/")
        expect(second.locator("#tested")).to_contain_text("Run by mara")
        require_good_looks(second, "a draft that was back-tested")
        second.get_by_role("button", name="Put in force").click()
        expect(second.get_by_text("is in force from the next gate on")).to_be_visible()
        assert ReviewPolicy.objects.get(slug="refunds-eu").activated_by == nina

    def test_of_which_nothing_is_known_need_a_tick_without_javascript(self, desk: Desk, mara: User, nina: User) -> None:
        drafted(mara)
        page = desk.window(nina, java_script_enabled=False)
        page.goto(f"{desk.url}/policies/refunds-eu/1/")
        page.get_by_role("button", name="Put in force").click()
        assert ReviewPolicy.objects.get(slug="refunds-eu").status == "draft"
        page.get_by_label("I know that no back-test of this was run").check()
        page.get_by_role("button", name="Put in force").click()
        expect(page.get_by_text("is in force from the next gate on")).to_be_visible()

    def test_are_edited_without_javascript(self, desk: Desk, mara: User) -> None:
        drafted(mara)
        page = desk.window(mara, java_script_enabled=False)
        page.goto(f"{desk.url}/policies/refunds-eu/1/edit/")
        page.get_by_label("Name of the rule").nth(1).fill("Typed")
        page.get_by_role("button", name="Up with rule 2").click()
        expect(page.get_by_label("Name of the rule").nth(0)).to_have_value("Typed")
        page.get_by_role("button", name="Close rule 2").click()
        page.get_by_role("button", name="Save the draft").click()
        assert [rule["name"] for rule in ReviewPolicy.objects.get(slug="refunds-eu").rules] == [
            "Typed",
            "Never so much",
        ]

    def test_show_what_differs_and_what_stopped_an_agent(self, desk: Desk, mara: User, nina: User) -> None:
        review_policies.activate(drafted(mara).pk, by=nina)
        item = desk.ask("refunds", LARGE_REFUND, by=mara)
        review_policies.draft("refunds-eu", by=nina, body={"rules": [{**REFUNDS[1], "when": "amount > 500"}]})
        page = desk.open(mara, "/policies/refunds-eu/2/")
        expect(page.locator("#changes")).to_contain_text("amount > 500")
        require_good_looks(page, "two versions")
        desk.visit(page, "/policies/refunds-eu/2/edit/")
        require_good_looks(page, "the editor")
        desk.visit(page, at(item))
        expect(page.locator("#stopped")).to_contain_text("If nobody answers")
        require_good_looks(page, "why it stopped")


class TestTimeLimits:
    def test_look_well_and_show_their_dates(self, desk: Desk, mara: User) -> None:
        time_limits.write("slow", by=mara, body=DEFAULTS[Risk.MEDIUM].snapshot(), seen=0)
        page = desk.open(mara, "/time-limits/")
        require_good_looks(page, "time limits")
        page.get_by_role("link", name="slow").click()
        page.get_by_label("A question opened at").fill("2026-03-27T16:30")
        page.get_by_role("button", name="Show the dates").last.click()
        expect(page.locator("#dates")).to_contain_text("Fri 27 Mar 2026 16:30")
        require_good_looks(page, "time limits with their dates")
        desk.visit(page, "/calendars/new/")
        page.get_by_label("Short name").fill("berlin")
        page.get_by_role("button", name="Save as version 1").click()
        require_good_looks(page, "a calendar")
        desk.visit(page, "/calendars/")
        require_good_looks(page, "calendars")
