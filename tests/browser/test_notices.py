"""What people are told, in Chromium: the bell, one's own choice, and what goes out."""

import pytest
from playwright.sync_api import expect

from reviews.actions import interventions, notices, outbox
from reviews.models import NoticeSettings
from reviews.states import NoticeKind
from tests.browser.desk import REFUND, at, until
from tests.browser.test_looks import require_good_looks
from tests.services import on_postgres

pytestmark = pytest.mark.skipif(on_postgres(), reason="a page looks the same on every database")
POPUPS = """() => {
  window.popped = [];
  window.Notification = class extends EventTarget {
    static permission = "default";
    static async requestPermission() { return (this.permission = "granted"); }
    constructor(title, { body, tag }) {
      super();
      this.at = window.popped.push({ title, body, tag, open: true }) - 1;
    }
    close() { window.popped[this.at].open = false; }
  };
}"""


@pytest.fixture
def item(desk):
    return desk.ask("refunds", REFUND)


def tell(item, *people, key="told", kind=NoticeKind.ESCALATED):
    notices.owe(item, kind, people, key=f"{key}:{item.pk}", says="Nobody has taken it.")


class TestTheBell:
    def test_shows_what_was_told_leads_to_it_and_forgets_it_when_somebody_claims(self, desk, alice, bob, item):
        tell(item, alice)
        page = desk.open(alice)
        expect(page.locator("#bell-many")).to_have_text("1")
        page.locator("details.bell > summary").click()
        page.locator("#bell-list a").click()
        expect(page).to_have_url(f"{desk.url}{at(item)}")
        interventions.claim(item.pk, by=bob)
        expect(page.locator("#bell-many")).to_be_hidden()

    def test_of_nobody_is_empty(self, desk, alice):
        page = desk.open(alice)
        page.locator("details.bell > summary").click()
        expect(page.locator("#bell-list")).to_contain_text("Nothing new.")


class TestMyPages:
    def test_look_well_and_keep_what_is_chosen(self, desk, alice, item):
        tell(item, alice)
        page = desk.open(alice, "/notices/")
        require_good_looks(page, "my notices")
        page.locator("details.bell > summary").click()
        require_good_looks(page, "the bell")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Mark all as read").click()
        expect(page.locator(".ring[data-new]")).to_have_count(0)
        desk.visit(page, "/notices/settings/")
        require_good_looks(page, "what I am told")
        page.get_by_label("Escalation by e-mail").uncheck()
        page.get_by_label("Quiet from").fill("22:00")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Enter both ends of the quiet hours")).to_be_visible()
        require_good_looks(page, "what I am told, refused")
        page.get_by_label("Quiet until").fill("07:00")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved.")).to_be_visible()
        assert "escalated" not in NoticeSettings.objects.get(user=alice).email

    def test_let_messages_pop_up_after_a_click_and_close_them_when_somebody_claims(self, desk, alice, bob, item):
        page = desk.window(alice)
        page.add_init_script(f"({POPUPS})()")
        desk.visit(page, "/notices/settings/")
        page.get_by_role("button", name="Let messages pop up").click()
        expect(page.get_by_role("button", name="Let none pop up")).to_be_visible()
        page.add_init_script("window.Notification.permission = 'granted'")
        desk.visit(page, "/")
        expect(page.locator("#live-state")).to_have_attribute("data-state", "open")
        assert page.evaluate("popped.length") == 0
        tell(item, alice)
        desk.ask("refunds", REFUND)  # something happens, so the line brings the bell along
        until(lambda: page.evaluate("popped.length === 1 && popped[0].open"))
        assert "needs approval" in page.evaluate("popped[0].title")
        interventions.claim(item.pk, by=bob)
        until(lambda: not page.evaluate("popped[0].open"))


class TestOutgoingMessages:
    def test_look_well_and_are_sent_again(self, desk, mara, item, settings):
        settings.FOUREYES_SMTP = {**settings.FOUREYES_SMTP, "host": "127.0.0.1"}
        mara.email = "mara@example.org"
        mara.save()
        tell(item, mara)
        dead = until(lambda: outbox.take(notices.timezone.now()))
        outbox.failed(dead, "The mail server said 550 5.1.1 no such mailbox", for_good=True)
        page = desk.open(mara, "/notices/outbox/")
        expect(page.get_by_text("1 given up")).to_be_visible()
        require_good_looks(page, "outgoing messages")
        desk.visit(page, "/notices/endpoints/")
        require_good_looks(page, "no addresses")
        desk.visit(page, "/notices/endpoints/new/")
        require_good_looks(page, "new address")
        desk.visit(page, "/notices/outbox/?status=dead")
        page.get_by_role("button", name="Send again").click()
        expect(page.get_by_text("goes out again")).to_be_visible()
