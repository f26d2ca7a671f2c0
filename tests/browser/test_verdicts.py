"""Every verdict a reviewer can give, and what the agent makes of it."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from reviews.actions import interventions
from reviews.models import Decision, Intervention, ToolCall
from reviews.models.intervention import digest_of
from reviews.states import Kind, ToolCallStatus, Verdict
from tests import factories
from tests.browser.desk import (
    CONTRACT,
    PATIENT,
    REFUND,
    at,
    choose,
    expect_decided,
    expect_finished,
    row,
    until,
    verdict,
)


@pytest.fixture
def question(desk, alice) -> Intervention:
    """What the triage agent asks a clinician, once its laboratory order was approved."""
    order = desk.ask("triage", PATIENT)
    interventions.decide(order.pk, by=alice, verdict=Verdict.APPROVE)
    return desk.question(order.run, tool="ask_human")


@pytest.fixture
def memo(desk, alice) -> Intervention:
    """The contracts agent's memo, waiting for its release."""
    change = desk.ask("contracts", CONTRACT)
    interventions.decide(change.pk, by=alice, verdict=Verdict.APPROVE)
    return until(lambda: Intervention.objects.open().filter(run=change.run, kind=Kind.FINAL_OUTPUT).first())


def timeline(desk, page: Page, item: Intervention) -> Page:
    """The same window, now at the run of that question."""
    desk.visit(page, at(item.run))
    return page


def lowest(node: Locator) -> float:
    """Where the element ends, in pixels from the top of the window."""
    box = node.bounding_box()
    assert box
    return box["y"] + box["height"]


class TestEdit:
    def test_previews_the_change_and_runs_the_tool_with_it(self, desk, alice):
        item = desk.ask("refunds", REFUND)
        page = desk.open(alice, at(item))

        choose(page, "Edit")
        page.get_by_label("amount").fill("450")
        expect(page.locator("#was-id_edit_edit-amount")).to_have_text("changed from 480.00")
        page.get_by_label("amount").fill("480")
        expect(page.locator("#was-id_edit_edit-amount")).to_be_hidden()
        page.get_by_label("amount").fill("450")
        preview = page.locator(f"#preview-{item.pk}")
        expect(preview.locator("del").first).to_contain_text("480")
        expect(preview.locator("ins").first).to_contain_text("450")
        verdict(page, "edit").click()

        expect_decided(page, "Approved with edits by alice")
        timeline(desk, page, item)
        expect_finished(page)
        steps = page.locator("#run-steps")
        expect(steps).to_contain_text("Edited by a reviewer")
        expect(steps).to_contain_text("A reviewer changed the amount from 480.00 to 450.00.")
        call = ToolCall.objects.get(run=item.run, tool="issue_refund")
        assert (call.proposed["amount"], call.executed["amount"]) == (480.0, 450.0)
        assert "USD 450.00" in call.output

    def test_refuses_what_the_tool_would_refuse_and_keeps_it(self, desk, alice):
        item = desk.ask("refunds", REFUND)
        page = desk.open(alice, at(item))

        choose(page, "Edit")
        page.locator(".edit-as").get_by_role("radio", name="JSON").check()
        page.get_by_label("All values as JSON").fill('{"amount": "a lot"}')
        verdict(page, "edit").click()

        expect(page.locator("#errors")).to_contain_text("This cannot be sent yet")
        expect(page.get_by_label("All values as JSON")).to_have_value('{"amount": "a lot"}')
        assert not Decision.objects.exists()


class TestOverride:
    def test_hands_the_agent_an_output_and_never_runs_the_tool(self, desk, alice):
        item = desk.ask("triage", PATIENT)
        page = desk.open(alice, at(item))

        choose(page, "Override")
        page.get_by_label("Output the agent will read").fill("Troponin 9 ng/l, measured at the bedside.")
        verdict(page, "override").click()

        expect_decided(page, "Overridden by alice")
        asked = desk.question(item.run, tool="ask_human")
        desk.visit(page, at(asked))
        expect(page.locator("#proposal")).to_contain_text("Troponin 9 ng/l, measured at the bedside")
        assert ToolCall.objects.get(run=item.run, tool="order_lab").status == ToolCallStatus.SUPPLIED


class TestReject:
    def test_gives_the_agent_the_feedback_to_go_on_with_and_keeps_the_reason_from_it(self, desk, alice):
        item = desk.ask("refunds", REFUND)
        page = desk.open(alice, at(item))

        page.get_by_label("Feedback for the agent").fill("Offer 120 dollars instead.")
        page.get_by_role("textbox", name="never shown to the agent").fill("Known for such claims.")
        verdict(page, "reject").click()

        expect_decided(page, "Rejected by alice")
        expect(page.locator("#verdict")).to_contain_text("Known for such claims.")
        timeline(desk, page, item)
        expect_finished(page)
        final = page.locator("#run-steps .final")
        expect(final).to_contain_text("a reviewer rejected it. They said: Offer 120 dollars instead.")
        expect(final).to_contain_text("Refunded USD 120.00")
        item.run.refresh_from_db()
        assert "Known for" not in item.run.result_text

    def test_asks_for_feedback_first_and_takes_a_double_click_for_one(self, desk, alice):
        item = desk.ask("refunds", REFUND)
        page = desk.open(alice, at(item))

        verdict(page, "reject").dblclick()

        expect(page.get_by_label("Feedback for the agent")).to_be_focused()
        hint = page.locator("#asked-id_note")
        expect(hint).to_have_text("Tell the agent why, or press Reject again to reject without feedback.")
        assert not Decision.objects.exists()

        page.wait_for_timeout(600)  # a later press is another one, not the end of a double click
        verdict(page, "reject").click()

        expect_decided(page, "Rejected by alice")
        assert Decision.objects.get().note == ""


class TestAnswer:
    def test_is_one_of_the_options(self, desk, alice, question):
        page = desk.open(alice, at(question))

        page.get_by_text("Observe, no further action").click()
        verdict(page, "answer").click()

        expect_decided(page, "Answered by alice")
        timeline(desk, page, question)
        expect_finished(page)
        expect(page.locator("#run-steps")).to_contain_text("Observe, no further action")

    def test_is_free_text_that_the_agent_follows(self, desk, alice, question):
        page = desk.open(alice, at(question))

        page.get_by_label("In your own words").fill("Call cardiology at once.")
        verdict(page, "answer").click()

        expect_decided(page, "Answered by alice")
        expect(page.locator("#verdict")).to_contain_text("Call cardiology at once.")
        assert desk.question(question.run, tool="page_on_call").proposal["team"] == "cardiology"

    def test_is_asked_for_where_there_is_none(self, desk, alice, question):
        page = desk.open(alice, at(question))

        verdict(page, "answer").click()

        expect(page.locator("#errors")).to_be_visible()
        assert not Decision.objects.filter(intervention=question).exists()


class TestFinalOutput:
    def test_is_released_as_written(self, desk, alice, memo):
        page = desk.open(alice, at(memo))

        verdict(page, "approve").click()

        expect_decided(page, "Released by alice")
        timeline(desk, page, memo)
        expect_finished(page)
        expect(page.locator("#run-steps .final")).to_contain_text(
            "Memo: Master services agreement with Northwind Hosting"
        )

    def test_is_released_as_the_reviewer_edits_it(self, desk, alice, memo):
        page = desk.open(alice, at(memo))

        choose(page, "Edit")
        page.locator("#proposal [data-view=edit] textarea").first.fill("Do not sign.")
        verdict(page, "edit").click()

        expect_decided(page, "Released with edits by alice")
        timeline(desk, page, memo)
        expect_finished(page)
        expect(page.locator("#run-steps .final")).to_contain_text("Do not sign.")

    def test_is_sent_back_and_comes_again_revised(self, desk, alice, memo):
        page = desk.open(alice, at(memo))

        page.get_by_label("Feedback for the agent").fill("Too long: keep it short.")
        verdict(page, "reject").click()

        expect_decided(page, "Sent back by alice")
        again = until(lambda: Intervention.objects.open().filter(run=memo.run).first())
        desk.visit(page, at(again))
        expect(page.locator("#proposal")).to_contain_text("(revision 1)")
        expect(page.locator("#proposal")).to_contain_text("Too long: keep it short.")
        verdict(page, "approve").click()
        expect_decided(page, "Released by alice")
        expect(page.locator(".aftermath")).to_contain_text("Completed")


class TestOnAPhone:
    def test_the_list_leads_to_the_review_and_back_and_a_verdict_has_room_for_words(self, desk, alice):
        item = desk.ask("refunds", REFUND)
        page = desk.window(alice, has_touch=True)
        page.set_viewport_size({"width": 390, "height": 844})
        desk.visit(page, "/")

        row(page, item).tap()
        expect(page.locator("#review-title")).to_be_visible()
        expect(page.locator("#inbox-list")).to_be_hidden()
        page.get_by_role("link", name="Inbox").first.tap()
        expect(page.locator("#inbox-list")).to_be_visible()
        row(page, item).tap()
        expect(page.locator("#inbox-list")).to_be_hidden()
        verdict(page, "reject").tap()
        note, bar = page.get_by_label("Feedback for the agent"), page.locator(".decide .acts")
        expect(note).to_be_focused()
        expect(page.locator("#asked-id_note")).to_be_visible()
        assert lowest(page.locator("#asked-id_note")) <= bar.bounding_box()["y"]
        assert not Decision.objects.exists()
        note.fill("Not this one.")
        verdict(page, "reject").tap()

        expect_decided(page, "Rejected by alice")


@pytest.fixture
def proposed(desk, alice):
    """A refund whose agent proposed these arguments under that schema instead."""

    def propose(arguments: Any, **changes: Any) -> Intervention:
        item = desk.ask("refunds", REFUND)
        made = {"proposal": arguments, "digest": digest_of(arguments), **changes}
        Intervention.objects.filter(pk=item.pk).update(**made)
        return item

    return propose


class TestOddArguments:
    @pytest.mark.parametrize("has_scripts", [True, False])
    @pytest.mark.parametrize("arguments", [{"customer_id": "C"}, {"customer_id": "C", "amount": "480 USD"}], ids=str)
    def test_are_rejected_like_any_other(self, desk, alice, proposed, arguments, has_scripts):
        item = proposed(arguments, schema=factories.SCHEMA)
        page = desk.window(alice, java_script_enabled=has_scripts)
        desk.visit(page, at(item)) if has_scripts else page.goto(f"{desk.url}{at(item)}")

        page.get_by_label("Feedback for the agent").fill("Give a number.")
        verdict(page, "reject").click()

        expect_decided(page, "Rejected by alice")

    def test_that_no_input_of_its_type_can_show_are_kept_when_others_are_edited(self, desk, alice, proposed):
        times = {"type": "string", "format": "time"}
        names = {"room": {"type": "string"}, "at": times, "until": times, "day": {"type": "string", "format": "date"}}
        names["amount"] = {"type": "number"}  # without one the strictest rule about amounts speaks
        arguments = {"room": "A", "at": "14:30:00Z", "until": "15:30:10", "day": "22.11.2026", "amount": 480.0}
        page = desk.open(alice, at(proposed(arguments, schema={"type": "object", "properties": names})))

        choose(page, "Edit")
        page.get_by_label("room").fill("B")
        verdict(page, "edit").click()

        expect_decided(page, "Approved with edits by alice")
        assert Decision.objects.get().replacement == arguments | {"room": "B"}


class TestLargeProposal:
    @pytest.mark.parametrize("has_scripts", [True, False])
    def test_is_approved(self, desk, alice, proposed, has_scripts):
        item = proposed({"customer_id": "字" * 150_000, "amount": 480.0}, schema=factories.SCHEMA)
        page = desk.window(alice, java_script_enabled=has_scripts)
        desk.visit(page, at(item)) if has_scripts else page.goto(f"{desk.url}{at(item)}")
        sent: list[int] = []
        page.on("request", lambda request: sent.append(len(request.post_data_buffer or b"")))

        verdict(page, "approve").click()

        expect_decided(page, "Approved by alice")
        assert (max(sent) < 1000) is has_scripts

    def test_is_edited(self, desk, alice, proposed):
        item = proposed({"customer_id": "字" * 150_000, "amount": 480.0}, schema=factories.SCHEMA)
        page = desk.open(alice, at(item))

        choose(page, "Edit")
        page.get_by_label("amount").fill("450")
        verdict(page, "edit").click()

        expect_decided(page, "Approved with edits by alice")
        assert Decision.objects.get().replacement["amount"] == 450
