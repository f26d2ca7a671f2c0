"""Every page, light and dark, on a desk and on a phone: axe finds nothing, nothing overflows, no console complains."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import Page, expect

from reviews import pulse
from reviews.models import Queue
from reviews.states import Verdict
from tests import factories
from tests.browser import looks
from tests.browser.desk import (
    CONTRACT,
    LARGE_REFUND,
    PATIENT,
    REFUND,
    at,
    choose,
    expect_decided,
    expect_finished,
    findings,
    repeated,
    row,
    verdict,
)
from tests.browser.test_conflicts import deafen
from tests.services import on_postgres

pytestmark = pytest.mark.skipif(on_postgres(), reason="a page looks the same on every database")


def require_good_looks(page: Page, name: str) -> None:
    found = looks.faults(page, name)
    assert not found, "\n".join(found)


class TestOutside:
    def test_sign_in_and_its_refusal(self, desk):
        page = desk.window()
        page.goto(desk.url)
        require_good_looks(page, "sign-in")

        page.get_by_label("User name").fill("nobody")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_be_visible()
        require_good_looks(page, "sign-in refused")

    def test_the_page_that_is_not_there(self, desk, alice):
        page = desk.window(alice)
        page.goto(f"{desk.url}/interventions/{uuid4()}/")
        require_good_looks(page, "404")


class TestInbox:
    def test_empty_full_and_filtered(self, desk, alice, charlie):
        page = desk.open(alice)
        require_good_looks(page, "inbox empty")
        require_good_looks(desk.open(charlie), "inbox of nobody's queue")

        item = desk.ask("refunds", REFUND)
        desk.ask("triage", PATIENT)
        desk.decide(desk.ask("refunds", LARGE_REFUND), Verdict.REJECT, by=alice, note="No.")
        expect(row(page, item)).to_be_visible()
        require_good_looks(page, "inbox")
        page.locator("#inbox-filters summary").first.click()
        require_good_looks(page, "inbox with an open filter")
        desk.visit(page, "/?queue=legal&q=nothing")
        require_good_looks(page, "inbox filtered empty")
        page.locator("header details.menu:not(.bell) > summary").click()
        require_good_looks(page, "account menu")


class TestReview:
    def test_of_a_tool_call_in_each_view_and_in_each_state(self, desk, alice, bob):
        item = desk.ask("refunds", REFUND)
        page, other = desk.open(alice, at(item)), desk.window(bob)
        require_good_looks(page, "tool approval")
        for view in ("JSON", "Override", "Edit"):
            choose(page, view)
            require_good_looks(page, f"tool approval, {view}")
        page.get_by_label("amount").fill("450")
        expect(page.locator(f"#preview-{item.pk} ins").first).to_be_visible()
        require_good_looks(page, "edit with its preview")

        page.get_by_role("button", name="Claim").click()
        expect(page.get_by_role("button", name="Release")).to_be_visible()
        deafen(other)
        desk.visit(other, at(item))
        require_good_looks(other, "claimed by a colleague")
        page.get_by_role("button", name="Release").click()
        expect(page.get_by_role("button", name="Claim")).to_be_visible()
        desk.visit(other, at(item))
        other.get_by_label("Feedback for the agent").fill("Not this one.")
        desk.decide(item, Verdict.EDIT, by=alice, replacement={**item.proposal, "amount": 450.0})
        verdict(other, "reject").click()
        expect(other.locator("#conflict")).to_be_visible()
        require_good_looks(other, "conflict")
        desk.visit(page, at(item))
        expect_decided(page, "Approved with edits")
        require_good_looks(page, "decided with edits")

    def test_of_a_question_and_what_is_missing_in_its_answer(self, desk, alice):
        order = desk.ask("triage", PATIENT)
        desk.decide(order, by=alice)
        asked = desk.question(order.run, tool="ask_human")
        page = desk.open(alice, at(asked))
        require_good_looks(page, "question")

        verdict(page, "answer").click()

        expect(page.locator("#errors")).to_be_visible()
        require_good_looks(page, "question unanswered")

    def test_of_a_final_output(self, desk, alice):
        change = desk.ask("contracts", CONTRACT)
        desk.decide(change, Verdict.REJECT, by=alice, note="Not now.", reason="They are about to leave.")
        page = desk.open(alice, at(desk.question(change.run)))
        require_good_looks(page, "final output")
        choose(page, "Edit")
        require_good_looks(page, "final output, edit")


class TestRuns:
    def test_list_and_timelines(self, desk, alice, bob):
        page = desk.open(alice, "/runs/")
        require_good_looks(page, "runs empty")
        waiting = desk.ask("refunds", REFUND, by=alice)
        desk.visit(page, at(waiting.run))
        require_good_looks(page, "run waiting")
        desk.decide(waiting, Verdict.EDIT, by=bob, replacement={**waiting.proposal, "amount": 450.0}, context="Hurry.")
        expect_finished(page)
        require_good_looks(page, "run completed")
        desk.visit(page, f"/runs/{desk.failed_run(by=alice).pk}/")
        expect_finished(page, "Failed")
        require_good_looks(page, "run failed")
        desk.visit(page, "/runs/")
        require_good_looks(page, "runs")
        desk.visit(page, "/runs/?status=queued&q=nothing")
        require_good_looks(page, "runs filtered empty")

    def test_start_and_stop(self, desk, alice):
        page = desk.open(alice, "/runs/new/")
        require_good_looks(page, "start")
        page.get_by_role("radio").first.check()
        page.get_by_label("What should it do?").fill("   ")
        page.get_by_role("button", name="Start").click()
        expect(page.locator(".errorlist").first).to_be_visible()
        require_good_looks(page, "start refused")
        desk.visit(page, f"{at(desk.ask('refunds', REFUND, by=alice).run)}stop/")
        require_good_looks(page, "stop")


class TestOnceMore:
    def test_a_repeated_proposal(self, desk, alice):
        page = desk.open(alice, at(repeated(desk, alice)))
        expect(page.locator("#repeated")).to_be_visible()
        require_good_looks(page, "repeated proposal")

    def test_running_again(self, desk, alice):
        item = desk.ask("refunds", REFUND, by=alice)
        desk.decide(item, by=alice)
        page = desk.open(alice, at(item.run))
        expect_finished(page)
        page.get_by_role("link", name="Run again from checkpoint").first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Run again")
        require_good_looks(page, "run again")
        page.get_by_role("button", name="Run again").click()
        expect(page.locator("#run-steps .gate")).to_be_visible()
        require_good_looks(page, "a run that goes on from another")
        desk.visit(page, at(item.run))
        require_good_looks(page, "a run that was run again")

    def test_trying_another_verdict(self, desk, alice):
        item = desk.ask("refunds", REFUND, by=alice)
        desk.decide(item, by=alice, note="Go ahead.")
        page = desk.open(alice, at(item))
        page.get_by_role("link", name="Try another verdict").click()
        require_good_looks(page, "try another verdict")
        page.get_by_role("radio", name="Reject").check()
        page.get_by_label("Feedback for the agent").fill("The second charge was a deposit.")
        page.get_by_role("button", name="Start the dry run").click()
        expect(page.locator(".compare .state", has_text="Completed")).to_have_count(2)
        require_good_looks(page, "dry run beside the original")
        desk.visit(page, "/runs/")
        require_good_looks(page, "runs with a dry run")


class TestAuditLog:
    def test_list_and_entry(self, desk, alice, otto):
        desk.decide(desk.ask("refunds", REFUND, by=alice), by=alice)
        page = desk.open(otto, "/audit/")
        require_good_looks(page, "audit log")
        page.get_by_role("button", name="Verify now").click()
        expect(page.locator(".sheet header .state")).to_contain_text("Verified")
        page.locator("details.menu > summary", has_text="Export").click()
        require_good_looks(page, "audit log verified, export open")
        desk.visit(page, "/audit/?actor=nobody")
        require_good_looks(page, "audit log filtered empty")
        desk.visit(page, "/audit/2/")
        require_good_looks(page, "audit entry")


class TestStatus:
    def test_well_and_not(self, desk, alice, admin):
        desk.ask("refunds", REFUND, by=alice)
        page = desk.open(admin, "/status/")
        expect(page.locator("header:has(#status-parts) small")).to_contain_text("Last sweep")
        require_good_looks(page, "status")

        run = factories.run(by=alice)
        findings(run)
        desk.visit(page, "/status/")
        page.locator("#status-past > summary").click()
        require_good_looks(page, "status with findings")
        desk.visit(page, "/runs/")
        expect(page.locator(".banner.bad")).to_contain_text("The watchdog found")
        require_good_looks(page, "the watchdog's banner")

    def test_banner_of_a_silent_clock(self, desk, alice):
        pulse.cache.delete(pulse.SWEEP)
        desk.stack.stop("clock")
        pulse.cache.delete(pulse.SWEEP)
        page = desk.open(alice)
        expect(page.locator("#clock-state")).to_be_visible()
        require_good_looks(page, "inbox of a silent clock")


class TestAdmin:
    def test_lists_and_rows_of_what_may_only_be_read(self, desk, alice, admin):
        desk.decide(desk.ask("refunds", REFUND, by=alice), Verdict.REJECT, by=alice, note="No.")
        page = desk.window(admin)
        refused: list[str] = []
        page.on("response", lambda answer: refused.append(answer.url) if answer.status >= 400 else None)
        desk.visit(page, "/admin/")
        require_good_looks(page, "admin")
        for noun in ("auditentry", "audithead", "run", "intervention", "decision", "checkpoint", "toolcall", "event"):
            desk.visit(page, f"/admin/reviews/{noun}/")
            expect(page.locator("#result_list tbody tr")).not_to_have_count(0)
            require_good_looks(page, f"admin, {noun} list")
            page.locator("#result_list tbody th a").first.click()
            expect(page.locator(".closelink")).to_be_visible()
            require_good_looks(page, f"admin, {noun}")
        page.get_by_role("link", name="History", exact=True).click()
        require_good_looks(page, "admin, empty history")
        assert refused == []

    def test_forms_for_people_and_queues(self, desk, alice, bob, admin):
        page = desk.open(admin, f"/admin/auth/user/{alice.pk}/change/")
        require_good_looks(page, "admin, user")
        page.get_by_label("First name").fill("Alice")
        page.get_by_role("button", name="Save and continue").click()
        expect(page.locator(".messagelist .success")).to_be_visible()
        require_good_looks(page, "admin, user saved")
        of_bob, queue = f"auth/user/{bob.pk}", Queue.objects.get(slug="support")
        for path in (f"auth/user/{alice.pk}/history/", f"{of_bob}/password/", f"{of_bob}/delete/", "auth/user/add/"):
            desk.visit(page, f"/admin/{path}")
            require_good_looks(page, f"admin, {path}")
        group = Group.objects.earliest("pk")
        for path in (
            "auth/user/",
            f"auth/group/{group.pk}/change/",
            "reviews/queue/add/",
            "password_change/",
            "reviews/",
        ):
            desk.visit(page, f"/admin/{path}")
            require_good_looks(page, f"admin, {path}")
        desk.visit(page, f"/admin/reviews/queue/{queue.pk}/change/")
        page.get_by_role("button", name="Add another Membership").click()
        require_good_looks(page, "admin, queue with a new seat")

    def test_a_seat_and_what_is_missing_in_it(self, desk, alice, admin):
        page = desk.open(admin, "/admin/reviews/membership/add/")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator(".errornote")).to_be_visible()
        require_good_looks(page, "admin, seat refused")
        page.get_by_role("combobox", name="User").click()
        expect(page.get_by_role("option", name="alice")).to_be_visible()
        require_good_looks(page, "admin, seat with its list open")

    def test_has_one_way_in_and_one_back(self, desk, alice, admin):
        page = desk.window()
        page.goto(f"{desk.url}/admin/")
        expect(page).to_have_url(f"{desk.url}/accounts/login/?next=%2Fadmin%2F")
        require_good_looks(page, "admin, signed out")

        desk.visit(page := desk.window(alice), "/admin/")
        require_good_looks(page, "admin, no right to it")

        desk.visit(page := desk.window(admin), "/admin/")
        expect(page).to_have_title("Site administration | Foureyes administration")
        page.get_by_role("link", name="Back to the desk").click()
        expect(page).to_have_url(f"{desk.url}/")
