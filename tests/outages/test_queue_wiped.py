"""A hundred runs are queued and twenty browsers are open, and Valkey loses all it knew."""

import re
import threading

import httpx2 as httpx
import pytest
from playwright.sync_api import expect
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from tests.outages.house import House
from tests.outages.servers import until

RUNS, BROWSERS = 100, 20
MARK = re.compile(r'<data id="live-seq" value="(\d+)"')


class Line(threading.Thread):
    """A browser's socket: it opens another when one is lost, and asks for what happened since."""

    def __init__(self, house: House, browser: httpx.Client) -> None:
        super().__init__(daemon=True)
        self.address = house.url.replace("http", "ws", 1) + "/ws/inbox/"
        self.headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}
        self.origin = house.url
        self.seq, self.rows, self.over = 0, set[str](), threading.Event()

    def run(self) -> None:
        while not self.over.is_set():
            try:
                where = f"{self.address}?since={self.seq}"
                with connect(where, origin=self.origin, additional_headers=self.headers, open_timeout=20) as socket:
                    self._listen(socket)
            except (WebSocketException, OSError):
                self.over.wait(0.5)

    def _listen(self, socket: ClientConnection) -> None:
        while not self.over.is_set():
            try:
                text = str(socket.recv(timeout=1))
            except TimeoutError:
                continue
            self.rows |= set(re.findall(r'id="row-([0-9a-f-]{36})"', text))
            for number in MARK.findall(text):
                self.seq = max(self.seq, int(number))


@pytest.fixture
def lines(house):
    """Twenty open sockets."""
    browser = house.signed_in()
    opened = [Line(house, browser) for _ in range(BROWSERS)]
    for line in opened:
        line.start()
    yield opened
    for line in opened:
        line.over.set()
    for line in opened:
        line.join(30)


@pytest.fixture
def page(house, new_context):
    """A real browser on the inbox."""
    page = house.window(new_context)
    page.goto(house.url)
    expect(page.locator("html")).to_have_attribute("data-ws", "open", timeout=60_000)
    return page


def test_every_run_ends_and_every_browser_catches_up(house, lines, page):
    (first,) = house.submit("refunds")
    house.question(first)
    until(lambda: all(line.seq >= house.newest() for line in lines), 60)
    busy = house.submit("slow", 2)  # both places of the worker: what comes now waits in the queue
    until(lambda: (house.work / "began").exists() and house.statuses(busy) == {"running": 2})
    runs = house.submit("quick", RUNS)
    assert house.statuses(runs) == {"queued": RUNS}

    house.valkey.kill()
    house.valkey.wipe()
    house.valkey.start()
    (house.work / "leave").touch()

    until(lambda: house.statuses([*runs, *busy]) == {"completed": RUNS + len(busy)}, 180)
    (last,) = house.submit("refunds")
    question = house.question(last)
    until(lambda: all(line.seq >= house.newest() for line in lines), 60)
    assert all(question in line.rows for line in lines)
    expect(page.locator(f"#row-{question}")).to_be_visible(timeout=60_000)
    expect(page.locator("html")).to_have_attribute("data-ws", "open", timeout=60_000)
