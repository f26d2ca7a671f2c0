"""The clock is killed while people have pages open: they are told, and told when it is back."""

from datetime import timedelta

import httpx2 as httpx
import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import expect

from reviews import pulse
from tests import factories
from tests.browser.desk import REFUND, findings, until

TICK = 45_000
"""Milliseconds until a page's socket has looked again, on a loaded machine."""


@pytest.fixture
def dead(desk):
    """The clock, killed; its last sign of life is half a minute old at once instead of in half a minute."""
    desk.stack.kill("clock")
    long_ago = timezone.now() - pulse.SILENT_AFTER - timedelta(seconds=1)
    cache.set(pulse.SWEEP, long_ago.isoformat(), 600)
    return desk


def readiness(desk):
    return httpx.get(f"{desk.url}/readyz", timeout=30)


class TestKilled:
    def test_is_said_by_the_probe_the_status_page_and_every_page_until_it_runs_again(self, desk, alice, admin, request):
        inbox, status = desk.open(alice), desk.open(admin, "/status/")
        expect(inbox.locator("#clock-state")).to_be_hidden()
        expect(status.locator(".bar .state")).to_have_text("All is well")
        assert readiness(desk).json()["clock"]

        request.getfixturevalue("dead")

        answer = readiness(desk)
        assert (answer.status_code, answer.json()["clock"]) == (503, False)
        for page in (inbox, status):
            expect(page.locator("#clock-state")).to_be_visible(timeout=TICK)
        expect(status.locator("#standing")).to_contain_text("Silent", timeout=TICK)
        expect(status.locator(".bar .state")).to_have_text("Needs somebody")

        desk.stack.start("clock")

        until(lambda: readiness(desk).status_code == 200, seconds=60)
        for page in (inbox, status):
            expect(page.locator("#clock-state")).to_be_hidden(timeout=TICK)
        expect(status.locator(".bar .state")).to_have_text("All is well", timeout=TICK)

    def test_is_said_without_javascript_too(self, dead, alice, admin):
        page = dead.window(alice, java_script_enabled=False)
        page.goto(dead.url)
        expect(page.locator("#clock-state")).to_have_text("The clock is not running: time limits do not fire.")

        page = dead.window(admin, java_script_enabled=False)
        page.goto(f"{dead.url}/status/")
        expect(page.locator("#standing")).to_contain_text("Silent")

        dead.stack.start("clock")
        page.get_by_role("link", name="Look again").click()
        expect(page.locator(".bar .state")).to_have_text("All is well")


class TestStatusPage:
    def test_brings_news_by_itself_and_leaves_unfolded_what_was(self, desk, alice, admin):
        findings(factories.run(by=alice))
        page = desk.open(admin, "/status/")
        page.locator("#status-past > summary").click()
        table = page.get_by_role("region", name="Open questions by queue")
        expect(table).to_have_count(0)

        desk.ask("refunds", REFUND)

        expect(table).to_contain_text("Support", timeout=TICK)
        expect(page.locator("#status-past")).to_have_attribute("open", "")
