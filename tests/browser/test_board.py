"""The managers' board without a mouse, without a script, and while others act."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from reviews.actions import absences, asking_back, assignments, interventions
from reviews.actors import POLICY
from reviews.models import Intervention
from tests import factories
from tests.browser import looks
from tests.browser.desk import until
from tests.reviews.desk_data import refund
from tests.services import on_postgres


@pytest.fixture
def items(desk, alice, bob, mara) -> list[Intervention]:
    """Three refunds of runs that bob started; the last is escalated."""
    desk.stack.stop("worker")
    made = [refund(f"Refund {number}", on=factories.leased(factories.run(by=bob))) for number in range(3)]
    assignments.raise_level(made[2], 1, [mara], POLICY)
    return made


def assignee(item: Intervention, wanted: User | None) -> Intervention | None:
    """The question, once it is theirs."""
    return Intervention.objects.filter(pk=item.pk, assignee=wanted).first()


def menu(page: Page, item: Intervention):
    return page.get_by_label(f"Assign “{item.title}” to")


class TestBoard:
    def test_is_worked_with_keys_alone(self, desk, items, alice, bob, mara):
        page = desk.open(mara)
        for key in ("g", "b"):
            page.keyboard.press(key)
        expect(page.get_by_role("heading", name="Board")).to_be_visible()

        menu(page, items[0]).focus()
        page.keyboard.type("bob")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")

        expect(page.locator("#done")).to_contain_text("bob has it now")
        until(lambda: assignee(items[0], bob))
        page.keyboard.press("e")
        expect(page.get_by_role("heading", name="Assign evenly")).to_be_visible()
        page.get_by_role("button", name="Assign 2 questions").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("2 questions assigned.")).to_be_visible()
        assert not Intervention.objects.open().filter(assignee__isnull=True).exists()

    def test_shows_everybodys_load_as_long_as_it_is(self, desk, items, alice, bob, mara):
        for item, person in zip(items, (alice, alice, bob), strict=True):
            assignments.assign(item.pk, to=person, by=mara)
        page = desk.open(mara, "/board/")
        bars = page.locator(".workload .load")
        wide = [bar.locator("rect").nth(0).bounding_box()["width"] for bar in bars.all()]
        held = [bar.locator("rect").nth(1).bounding_box() for bar in bars.all()]

        assert [round((box["width"] if box else 0) / whole, 1) for box, whole in zip(held, wide, strict=True)] == [
            1,
            0.5,
            0,
        ]
        colours = [bar.locator("rect").nth(1).evaluate("bar => getComputedStyle(bar).fill") for bar in bars.all()]
        assert len(set(colours)) == 2 and colours[0] != colours[1]

    def test_works_without_a_script(self, desk, items, alice, mara):
        page = desk.window(mara, java_script_enabled=False)
        page.goto(f"{desk.url}/board/")
        menu(page, items[0]).select_option("alice")
        page.get_by_role("button", name="Assign Refund 0").click()
        expect(page.get_by_text("alice has it now.")).to_be_visible()

        page.locator("details.lower summary").click()
        page.get_by_label("Why it goes one level down").fill("A mistake of mine.")
        page.get_by_role("button", name="One level down").click()
        expect(page.get_by_text("It is one level lower now.")).to_be_visible()

        page.get_by_role("checkbox", name="Choose Refund 1").check()
        page.get_by_role("button", name="Assign evenly").click()
        page.get_by_role("button", name="Assign 1 question").click()
        expect(page.get_by_text("1 question assigned.")).to_be_visible()

    def test_follows_what_others_do_but_not_under_a_hand(self, desk, items, alice, bob, mara):
        page = desk.open(mara, "/board/")
        assignments.assign(items[0].pk, to=bob, by=mara)
        expect(menu(page, items[0])).to_have_value("bob")

        page.get_by_role("checkbox", name="Choose Refund 1").check()
        assignments.assign(items[1].pk, to=alice, by=mara)

        news = page.get_by_role("button", name="The board has changed")
        expect(news).to_be_visible()
        expect(page.get_by_role("checkbox", name="Choose Refund 1")).to_be_checked()
        news.click()
        expect(menu(page, items[1])).to_have_value("alice")


class TestPane:
    def test_keeps_what_is_typed_when_the_claim_runs_out(self, desk, items, alice, bob):
        page = desk.open(alice, f"/interventions/{items[0].pk}/")
        page.keyboard.press("c")
        expect(page.locator("[data-lease]")).to_be_visible()
        page.get_by_label("Feedback for the agent").fill("The second charge was a deposit.")

        Intervention.objects.filter(pk=items[0].pk).update(claim_expires_at=timezone.now())

        expect(page.locator(f"#notice-{items[0].pk}")).to_contain_text("claim")
        expect(page.get_by_label("Feedback for the agent")).to_have_value("The second charge was a deposit.")
        assert interventions.claim(items[0].pk, by=bob).claimed_by == bob

    def test_snoozes_and_asks_back_by_keys(self, desk, items, alice, bob):
        page = desk.open(alice, f"/interventions/{items[0].pk}/")
        page.keyboard.press("q")
        page.get_by_label("What you want to know").fill("Which of the two?")
        page.get_by_role("button", name="Ask", exact=True).click()
        expect(page.locator("#ask-back")).to_contain_text("Which of the two?")

        desk.visit(page, f"/interventions/{items[1].pk}/")
        page.keyboard.press("s")
        page.get_by_role("button", name="Snooze", exact=True).click()
        expect(page.get_by_text("bring it back")).to_be_visible()


@pytest.mark.skipif(on_postgres(), reason="a page looks the same on every database")
class TestLooks:
    def test_of_the_board_and_what_belongs_to_it(self, desk, items, alice, bob, mara):
        now = timezone.now()
        Intervention.objects.filter(pk=items[0].pk).update(due_at=now - timedelta(minutes=8))
        asking_back.ask(items[1].pk, of=bob, question="Which of the two?", by=alice)
        absences.leave(bob, starts_at=now, ends_at=now + timedelta(days=2), delegate=alice, by=bob)
        page = desk.open(mara, "/board/")
        page.locator("details.lower summary").click()
        found = looks.faults(page, "board")
        desk.visit(page, "/board/evenly/")
        found += looks.faults(page, "assign evenly")
        desk.visit(page, "/away/")
        found += looks.faults(page, "away")
        desk.visit(page, f"/interventions/{items[2].pk}/")
        for key in ("s", "x", "q", "e"):
            page.keyboard.press(key)
            found += looks.faults(page, f"review, {key}")
        desk.visit(page, f"/interventions/{items[1].pk}/")
        found += looks.faults(page, "asked back")
        desk.visit(page, "/?tab=snoozed")
        found += looks.faults(page, "nothing snoozed")
        assert not found, "\n".join(found)
