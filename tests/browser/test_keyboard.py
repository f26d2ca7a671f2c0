"""The desk without a mouse."""

import pytest
from playwright.sync_api import Page, expect

from reviews.models import Decision
from tests.browser.desk import LARGE_REFUND, REFUND, at, expect_decided, row, verdict


@pytest.fixture
def items(desk):
    """Two questions, in the order of the list."""
    return [desk.ask("refunds", LARGE_REFUND), desk.ask("refunds", REFUND)]


@pytest.fixture
def page(desk, alice, items) -> Page:
    """Alice's inbox with both."""
    return desk.open(alice)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def opened(page: Page, item) -> None:
    expect(page.locator("#review-title")).to_have_text(item.title)


class TestKeys:
    def test_walk_the_list_open_approve_and_go_on_to_the_next(self, page, items):
        press(page, "j")
        expect(row(page, items[0]).get_by_role("link")).to_be_focused()
        press(page, "j")
        expect(row(page, items[1]).get_by_role("link")).to_be_focused()
        press(page, "k", "Enter")
        opened(page, items[0])

        press(page, "a")

        expect_decided(page, "Approved by alice")
        expect(row(page, items[0])).to_have_count(0)
        press(page, "j", "Enter")
        opened(page, items[1])

    def test_claim_release_and_step_between_questions(self, page, items):
        press(page, "j", "Enter")
        opened(page, items[0])

        press(page, "c")
        expect(page.get_by_role("button", name="Release")).to_be_visible()
        press(page, "u")
        expect(page.get_by_role("button", name="Claim")).to_be_visible()
        press(page, "]")
        opened(page, items[1])
        press(page, "[")
        opened(page, items[0])

    def test_write_feedback_and_reject(self, page, items):
        press(page, "j", "Enter")
        opened(page, items[0])

        press(page, "f")
        expect(page.get_by_label("Feedback for the agent")).to_be_focused()
        page.keyboard.type("ajar")  # letters in a field are letters
        press(page, "Escape", "r")

        expect_decided(page, "Rejected by alice")
        expect(page.locator("#verdict")).to_contain_text("ajar")

    def test_edit_and_send_with_control_and_enter(self, page, items):
        press(page, "j", "Enter")
        opened(page, items[0])

        press(page, "3")
        page.get_by_label("amount").fill("900")
        press(page, "Control+Enter")

        expect_decided(page, "Approved with edits by alice")
        assert Decision.objects.get().replacement["amount"] == 900

    def test_find_the_search_and_the_other_pages(self, page):
        press(page, "/")
        expect(page.get_by_label("Search the inbox")).to_be_focused()
        press(page, "Escape", "g", "r")
        page.wait_for_url("**/runs/")
        press(page, "g", "i")
        page.wait_for_url("**/")

    def test_are_listed_on_a_sheet(self, page):
        press(page, "?")
        sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
        expect(sheet).to_be_visible()

        press(page, "a", "Escape")

        expect(sheet).to_be_hidden()


class TestReject:
    def test_asks_for_feedback_before_it_is_sent(self, desk, page, items):
        desk.visit(page, at(items[0]))

        press(page, "r")
        note = page.get_by_label("Feedback for the agent")
        expect(note).to_be_focused()
        assert not Decision.objects.exists()
        note.fill("Too much.")
        press(page, "Control+Enter")

        expect(page.locator("#verdict")).to_have_attribute("data-verdict", "reject")

    def test_is_sent_without_feedback_by_a_second_press(self, desk, page, items):
        desk.visit(page, at(items[0]))

        press(page, "r", "Escape")
        expect(page.locator("#asked-id_note")).to_be_visible()
        assert not Decision.objects.exists()
        press(page, "r")

        expect(page.locator("#verdict")).to_have_attribute("data-verdict", "reject")


class TestKeysOff:
    def test_nothing_happens_by_a_single_key_not_even_after_a_reload(self, desk, page, items):
        desk.visit(page, at(items[0]))
        page.locator("header details.menu:not(.bell) > summary").click()
        page.get_by_label("Single-key shortcuts").uncheck()
        page.reload()

        press(page, "r", "a", "j", "c")

        expect(page.locator("[data-row]:focus")).to_have_count(0)
        expect(page.locator(".htmx-request")).to_have_count(0)
        expect(verdict(page, "approve")).to_be_enabled()
        assert not Decision.objects.exists()


class TestTab:
    def test_reaches_the_content_past_the_navigation(self, page):
        press(page, "Tab")
        skip = page.get_by_role("link", name="Skip to content")
        expect(skip).to_be_focused()

        press(page, "Enter")

        expect(page.locator("#main")).to_be_focused()
