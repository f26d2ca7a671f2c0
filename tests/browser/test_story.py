"""The main job: an agent stops, a human decides in the browser, the agent goes on."""

from playwright.sync_api import expect

from reviews.models import Run
from reviews.states import RunStatus
from tests.browser.desk import REFUND, expect_decided, expect_finished, row, until, verdict


class TestTwoReviewers:
    def test_see_a_run_pause_and_be_decided_without_reloading(self, desk, alice, bob):
        alices, bobs, timeline = desk.open(alice), desk.open(bob), desk.window(bob)
        starting = desk.open(alice, "/runs/new/?agent=refunds")

        starting.get_by_label("What should it do?").fill(REFUND)
        starting.get_by_role("button", name="Start").click()

        starting.wait_for_url("**/runs/*-*/")
        run = Run.objects.get()
        desk.visit(timeline, f"/runs/{run.pk}/")
        item = desk.question(run)
        for page in (alices, bobs):
            expect(row(page, item)).to_contain_text("issue_refund")
            expect(page.locator("#tab-all b")).to_have_text("1")
        expect(timeline.locator("#run-head")).to_contain_text("Waiting for review")

        row(alices, item).click()
        verdict(alices, "approve").click()

        expect_decided(alices, "Approved by alice")
        expect(row(bobs, item)).to_have_count(0)
        expect(bobs.locator("#tab-all b")).to_have_text("0")
        expect_finished(timeline)
        expect(timeline.locator("#run-steps")).to_contain_text("Refunded USD 480.00 to C-88213")
        expect(alices.locator(".aftermath")).to_contain_text("Completed")
        assert until(lambda: Run.objects.filter(status=RunStatus.COMPLETED).first()) == run
