"""What a reviewer types and where new rows go: the promises of the scripts to the person at the desk."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.desk import (
    ANOTHER_REFUND,
    CONTRACT,
    LARGE_REFUND,
    PATIENT,
    REFUND,
    Desk,
    at,
    choose,
    expect_decided,
    row,
    until,
    verdict,
)


def draft(page: Page, item) -> str | None:
    return page.evaluate("id => sessionStorage.getItem(`draft:${id}`)", str(item.pk))


class TestDraft:
    def test_survives_a_reload_with_its_view_and_its_preview(self, desk, alice):
        item = desk.ask("refunds", REFUND)
        page = desk.open(alice, at(item))
        page.get_by_label("Feedback for the agent").fill("Half a sentence")
        choose(page, "Edit")
        page.get_by_label("amount").fill("450")

        page.reload()

        expect(page.get_by_label("Feedback for the agent")).to_have_value("Half a sentence")
        expect(page.get_by_label("amount")).to_have_value("450")
        expect(page.locator(f"#preview-{item.pk} ins").first).to_contain_text("450")
        expect(verdict(page, "edit")).to_be_visible()

    def test_waits_while_the_reviewer_looks_at_another_question(self, desk, alice):
        item, other = desk.ask("triage", PATIENT), desk.ask("refunds", REFUND)
        page = desk.open(alice, at(item))
        page.get_by_label("Feedback for the agent").fill("About the patient")

        row(page, other).click()
        expect(page.locator("#review-title")).to_have_text(other.title)
        expect(page.get_by_label("Feedback for the agent")).to_have_value("")
        row(page, item).click()

        expect(page.locator("#review-title")).to_have_text(item.title)
        expect(page.get_by_label("Feedback for the agent")).to_have_value("About the patient")

    def test_is_forgotten_once_the_decision_is_recorded(self, desk, alice):
        item = desk.ask("refunds", REFUND)
        page = desk.open(alice, at(item))
        page.get_by_label("Feedback for the agent").fill("Not this one.")
        assert draft(page, item)

        verdict(page, "reject").click()

        expect_decided(page, "Rejected by alice")
        until(lambda: draft(page, item) is None)


class TestNewRows:
    @pytest.fixture
    def page(self, desk, alice) -> Page:
        """Alice's inbox with one row; those that arrive under a moving pointer are held back."""
        self.first = desk.ask("refunds", REFUND)
        return desk.open(alice)

    def held(self, desk: Desk, page: Page) -> None:
        """Bring a new row while the pointer moves over the list, until the button says that it waits."""
        box = row(page, self.first).bounding_box()
        assert box
        held = page.locator("#live-held")
        steps = iter(range(100_000))

        def moved() -> bool:
            page.mouse.move(box["x"] + 20 + next(steps) % 50, box["y"] + box["height"] / 2)
            return held.is_visible()

        moved()  # before the row comes: it may take no time at all
        desk.submit("refunds", LARGE_REFUND)
        until(moved)
        expect(held).to_have_text("1 new")

    def test_wait_behind_a_button_while_the_pointer_is_on_the_list(self, desk, page):
        self.held(desk, page)
        expect(page.locator("#inbox-rows > li")).to_have_count(1)

        page.locator("#live-held").click()

        expect(page.locator("#inbox-rows > li")).to_have_count(2)
        expect(page.locator("#inbox-rows > li").first).to_contain_text("GBP")
        expect(page.locator("#live-held")).to_be_hidden()

    def test_come_by_themselves_when_the_pointer_rests(self, desk, page):
        self.held(desk, page)

        expect(page.locator("#inbox-rows > li")).to_have_count(2)

    def test_are_put_where_they_belong_among_those_that_are_there(self, desk, page):
        urgent, last = desk.ask("refunds", LARGE_REFUND), desk.ask("refunds", ANOTHER_REFUND)

        expect(page.locator("#inbox-rows > li")).to_have_count(3)
        rows = [found.get_attribute("id") for found in page.locator("#inbox-rows > li").all()]
        assert rows == [f"row-{item.pk}" for item in (urgent, self.first, last)]

    def test_that_a_filter_excludes_stay_away(self, desk, alice):
        page = desk.open(alice, "/?queue=clinical")

        refund, order = desk.ask("refunds", REFUND), desk.ask("triage", PATIENT)

        expect(row(page, order)).to_be_visible()
        expect(row(page, refund)).to_have_count(0)
        expect(page.locator("#nav-waiting")).to_have_text("2")


class TestRunPage:
    def test_keeps_open_what_the_reader_unfolded_while_steps_arrive(self, desk, alice):
        item = desk.ask("contracts", CONTRACT)
        page = desk.open(alice, at(item.run))
        unfolded = page.locator("#run-steps details").first
        unfolded.locator("summary").click()
        expect(unfolded).to_have_attribute("open", "")

        desk.decide(item, by=alice)

        expect(page.locator("#run-steps .gate")).to_have_count(2)
        expect(unfolded).to_have_attribute("open", "")


class TestStretchedField:
    def test_hands_its_height_to_no_other_question(self, desk, alice):
        """htmx would copy its style attribute into the next pane, which the content policy forbids."""
        item, other = desk.ask("triage", PATIENT), desk.ask("refunds", REFUND)
        page = desk.open(alice, at(item))
        page.get_by_label("Feedback for the agent").evaluate("field => { field.style.height = '90px' }")

        row(page, other).click()

        expect(page.locator("#review-title")).to_have_text(other.title)
        expect(page.get_by_label("Feedback for the agent")).not_to_have_attribute("style", "height: 90px;")
