"""The live line when it breaks: nothing is missed, and what a reviewer types stays theirs."""

import json
import re
from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, WebSocketRoute, expect

from reviews.models import Decision
from tests.browser.desk import ANOTHER_REFUND, REFUND, at, expect_finished, row, verdict
from tests.factories import PASSWORD

SOCKETS = re.compile("/ws/")
LOST = r"WebSocket connection|ERR_CONNECTION_(REFUSED|RESET)|\[object Event\]"  # htmx logs the event of a lost socket
HURRY = """new MutationObserver(() => {
  const live = document.getElementById("live");
  if (live) Object.assign(live.dataset, %s);
}).observe(document, {childList: true, subtree: true})"""


EVERY_WORDING = """() => {
  const sign = document.getElementById("live-state");
  const left = (node) => node.getBoundingClientRect().left;
  return Object.keys(sign.dataset).filter((key) => key.startsWith("says")).map((key) => {
    sign.querySelector("span").textContent = sign.dataset[key];
    const around = [sign.previousElementSibling, sign, sign.nextElementSibling];
    return [...around.map(left), sign.scrollWidth <= sign.clientWidth];
  });
}"""


def hurry(page: Page, **settings: int) -> None:
    """Open pages with these settings of the live line, in milliseconds, instead of patient ones."""
    page.add_init_script(HURRY % json.dumps(settings))


def state(page: Page, *wanted: str) -> None:
    """The page says that its line is in one of these states."""
    expect(page.locator("html")).to_have_attribute("data-ws", re.compile("|".join(wanted)))


class TestWebProcessKilled:
    def test_and_back_misses_nothing_and_keeps_the_text_the_caret_and_the_focus(self, desk, alice):
        first = desk.ask("refunds", REFUND)
        page = desk.open(alice, at(first))
        note = page.get_by_label("Feedback for the agent")
        note.fill("Half a sentence")
        note.evaluate("field => field.setSelectionRange(5, 9)")
        desk.forgive(LOST)

        desk.stack.kill("web")
        state(page, "wait", "down")
        meanwhile = desk.ask("refunds", ANOTHER_REFUND)
        desk.stack.start("web")

        expect(row(page, meanwhile)).to_be_visible()
        state(page, "open")
        expect(page.locator("#tab-all b")).to_have_text("2")
        expect(note).to_have_value("Half a sentence")
        expect(note).to_be_focused()
        assert note.evaluate("field => [field.selectionStart, field.selectionEnd]") == [5, 9]

    def test_shows_on_a_runs_page_what_happened_meanwhile(self, desk, alice):
        item = desk.ask("refunds", REFUND)
        page = desk.open(alice, at(item.run))
        desk.forgive(LOST)

        desk.stack.kill("web")
        state(page, "wait", "down")
        desk.decide(item, by=alice)
        desk.stack.start("web")

        expect_finished(page)


class TestLiveState:
    @pytest.mark.parametrize("width", [1440, 1010, 390])
    def test_moves_nothing_beside_it_when_its_words_change(self, desk, alice, width):
        page = desk.open(alice)
        page.set_viewport_size({"width": width, "height": 800})

        first, *others = page.evaluate(EVERY_WORDING)

        assert others == [first] * 4
        assert first[-1], "its words have room"


class TestNoSocket:
    def test_polls_the_inbox_and_lives(self, desk, alice, bob):
        page = desk.window(alice)
        desk.forgive(LOST)
        hurry(page, pollEvery=300)
        page.route_web_socket(SOCKETS, lambda socket: socket.close())
        page.goto(desk.url)
        state(page, "polling")
        expect(page.locator("#live-state")).to_have_text("Checking now and then")

        item = desk.ask("refunds", REFUND)
        expect(row(page, item)).to_be_visible()
        desk.decide(item, by=bob)

        expect(row(page, item)).to_have_count(0)

    def test_polls_a_run_to_its_end(self, desk, alice):
        item = desk.ask("refunds", REFUND)
        page = desk.window(alice)
        desk.forgive(LOST)
        hurry(page, pollEvery=300)
        page.route_web_socket(SOCKETS, lambda socket: socket.close())
        page.goto(f"{desk.url}{at(item.run)}")
        state(page, "polling")

        desk.decide(item, by=alice)

        expect_finished(page)

    def test_returns_to_the_socket_as_soon_as_there_is_one(self, desk, alice):
        page, doors = desk.window(alice), []
        desk.forgive(LOST)
        hurry(page, pollEvery=300)
        page.route_web_socket(SOCKETS, lambda socket: doors.append(pass_on(socket)) if doors else socket.close())
        page.goto(desk.url)
        state(page, "polling")

        doors.append(None)

        state(page, "open")
        item = desk.ask("refunds", REFUND)
        expect(row(page, item)).to_be_visible()


class TestFrozenSocket:
    def test_is_given_up_by_the_watchdog_and_nothing_is_missed(self, desk, alice):
        page, lines = desk.window(alice), []
        desk.forgive(LOST)
        hurry(page, silence=1500)
        page.route_web_socket(SOCKETS, lambda socket: lines.append(pass_on(socket, lambda: len(lines) > 1)))
        desk.visit(page, "/")
        item = desk.ask("refunds", REFUND)

        expect(row(page, item)).to_be_visible()
        state(page, "open")
        assert len(lines) > 1


class TestSignedOut:
    def test_elsewhere_stops_the_line_and_gives_the_text_back_after_signing_in_again(self, desk, alice):
        item = desk.ask("refunds", REFUND)
        page = desk.open(alice, at(item))
        note = page.get_by_label("Feedback for the agent")
        note.fill("Half a sentence")

        Session.objects.all().delete()
        desk.ask("refunds", ANOTHER_REFUND)
        state(page, "out")
        expect(page.locator("#live-notice")).to_contain_text("You are signed out.")
        verdict(page, "reject").click()
        page.get_by_label("User name").fill("alice")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()

        expect(page.locator("#review-title")).to_have_text(item.title)
        expect(note).to_have_value("Half a sentence")
        assert not Decision.objects.exists()


def pass_on(socket: WebSocketRoute, hears: Callable[[], bool] = lambda: True) -> None:
    """Connect a page's socket with the server; unless the page `hears`, the server's words are lost."""
    server = socket.connect_to_server()
    server.on_message(lambda text: socket.send(text) if hears() else None)
