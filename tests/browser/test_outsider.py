"""Charlie is signed in and in no queue: nothing of the others' work reaches him, by any door."""

from playwright.sync_api import Page, expect

from tests.browser.desk import REFUND, at, row

SEND = """async ([address, fields]) => {
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const body = new URLSearchParams({csrfmiddlewaretoken: token, ...fields});
  const answer = await fetch(address, {method: "POST", body});
  return answer.status;
}"""
GET = "async address => { const answer = await fetch(address); return [answer.status, await answer.text()]; }"
LISTEN = """address => new Promise(resolve => {
  const heard = [], socket = new WebSocket(new URL(address, location.href));
  socket.onmessage = message => heard.push(message.data);
  socket.onclose = close => resolve([close.code, heard]);
})"""


def frames(page: Page) -> list[str]:
    """Everything the page's sockets will be told."""
    heard: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda text: heard.append(str(text))))
    return heard


class TestCharlie:
    def test_sees_an_inbox_that_stays_empty(self, desk, alice, charlie):
        alices, charlies = desk.open(alice), desk.window(charlie)
        heard = frames(charlies)
        desk.visit(charlies, "/")
        expect(charlies.locator("#inbox-list")).to_contain_text("You are in no queue yet")

        item = desk.ask("refunds", REFUND, by=alice)

        expect(row(alices, item)).to_be_visible()
        assert not any(str(item.pk) in frame or "C-88213" in frame for frame in heard)
        status, delta = charlies.evaluate(GET, "/inbox/delta?since=0")
        assert (status, delta) in {(204, ""), (200, delta)}
        assert str(item.pk) not in delta and "C-88213" not in delta
        charlies.reload()
        expect(charlies.locator("#inbox-list")).to_contain_text("You are in no queue yet")
        expect(charlies.locator(".row")).to_have_count(0)

    def test_finds_no_page_of_theirs(self, desk, alice, charlie):
        item = desk.ask("refunds", REFUND, by=alice)
        page = desk.window(charlie)

        for path in (at(item), at(item.run), "/audit/", "/audit/1/"):
            answer = page.goto(f"{desk.url}{path}")
            assert answer and answer.status == 404, path
            expect(page.locator("body")).not_to_contain_text("C-88213")
        desk.visit(page, "/runs/")
        expect(page.locator("#run-rows")).to_contain_text("No runs to see")
        desk.visit(page, "/runs/new/?agent=refunds&sample=1")
        expect(page.locator(".sheet")).to_contain_text("There is no agent that you may start")

    def test_can_send_nothing_that_counts(self, desk, alice, charlie):
        item = desk.ask("refunds", REFUND, by=alice)
        page = desk.open(charlie)
        before = item.run.events.count()

        for address in (
            f"{at(item)}decide/",
            f"{at(item)}claim/",
            f"{at(item)}preview/",
            f"{at(item.run)}stop/",
            f"{at(item.run)}pause/",
            "/audit/export/",
            "/audit/verify/",
        ):
            assert page.evaluate(SEND, [address, {"verdict": "approve", "format": "csv"}]) in {403, 404}, address
        assert page.evaluate(SEND, ["/runs/new/", {"agent": "refunds", "input": REFUND}]) == 422
        for address in (f"{at(item)}aftermath/", f"{at(item.run)}delta?since=0"):
            assert page.evaluate(GET, address)[0] == 404
        item.refresh_from_db()
        assert item.is_open
        assert item.run.events.count() == before

    def test_is_told_nothing_by_the_socket_of_a_run(self, desk, alice, charlie):
        item = desk.ask("refunds", REFUND, by=alice)
        page = desk.open(charlie)

        code, heard = page.evaluate(LISTEN, f"/ws/runs/{item.run_id}/?since=0")

        assert code == 4404
        assert heard == []


class TestNobody:
    def test_is_told_nothing_by_a_socket(self, desk):
        page = desk.window()
        page.goto(f"{desk.url}/accounts/login/")

        code, heard = page.evaluate(LISTEN, "/ws/inbox/?since=0")

        assert code == 4401
        assert heard == []
