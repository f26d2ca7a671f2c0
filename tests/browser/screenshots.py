"""Draws the pictures of the documentation: `make screenshots` writes docs/images/. Not collected with the tests."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from reviews import pulse
from reviews.actions import (
    absences,
    asking_back,
    assignments,
    backtest,
    endpoints,
    fleet,
    interventions,
    notices,
    outbox,
    review_policies,
    time_limits,
)
from reviews.actions.fleet import Abilities
from reviews.actors import POLICY
from reviews.escalations import DEFAULTS
from reviews.models import Intervention, Membership
from reviews.states import Kind, NoticeKind, Risk, Verdict
from tests import factories
from tests.browser import looks
from tests.browser.conftest import QUEUES
from tests.browser.desk import (
    ANOTHER_REFUND,
    CONTRACT,
    LARGE_REFUND,
    PATIENT,
    REFUND,
    Desk,
    at,
    choose,
    doubtful,
    expect_decided,
    expect_finished,
    findings,
    repeated,
    row,
    until,
    verdict,
)
from tests.browser.test_conflicts import deafen
from tests.browser.test_policies import REFUNDS, drafted
from tests.reviews.actions.votes import bound

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "images"
LARGEST = 200_000
"""Bytes of one picture."""
NAMES = {looks.DESK: "", looks.PHONE: "-phone"}
BUSY = (
    ("refunds", REFUND),
    ("refunds", LARGE_REFUND),
    ("refunds", ANOTHER_REFUND),
    ("triage", "Triage patient P-1057: fever and shaking chills since yesterday."),
    ("triage", "Triage patient P-1063: short of breath after a long flight."),
    ("contracts", "Review contract K-2231; the renewal clause worries me."),
)


@pytest.fixture(autouse=True)
def people(desk: Desk, mara: User, otto: User, admin: User) -> None:
    """On pictures people have names, and mara has work in every queue."""
    for slug in QUEUES[1:]:
        factories.seat(mara, factories.queue(slug), Membership.Role.MANAGER)
    for person in User.objects.all():
        User.objects.filter(pk=person.pk).update(first_name=person.username.capitalize())


@pytest.fixture
def busy(desk: Desk, mara: User) -> list[Intervention]:
    """An ordinary morning: several questions wait."""
    return [desk.ask(agent, text, by=mara) for agent, text in BUSY]


def draw(page: Page, name: str) -> None:
    """Write the page's pictures in every theme and size."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for size, suffix in NAMES.items():
        for theme in looks.THEMES:
            looks.show(page, theme, size)
            path = FOLDER / f"{name}{suffix}-{theme}.png"
            # No hidden caret: what hides it leaves marks in the page that its content policy then complains about.
            page.screenshot(path=path, animations="disabled", caret="initial")
            assert path.stat().st_size < LARGEST, f"{path.name} is too large"
    looks.show(page, "light", looks.DESK)


def test_sign_in(desk):
    page = desk.window()
    page.goto(desk.url)
    draw(page, "sign-in")


def test_inbox(desk, alice, bob, busy):
    interventions.claim(busy[2].pk, by=bob)
    interventions.claim(busy[3].pk, by=alice)
    page = desk.open(alice)
    expect(row(page, busy[-1])).to_be_visible()
    draw(page, "inbox")


def test_empty_inbox(desk, alice):
    draw(desk.open(alice), "inbox-empty")


def test_review(desk, alice, bob, busy):
    interventions.claim(busy[2].pk, by=bob)
    page = desk.open(alice, at(busy[1]))
    draw(page, "review")
    choose(page, "Edit")
    page.get_by_label("amount").fill("920")
    page.get_by_label("reason", exact=True).fill("Half of the second charge; the other half was a deposit.")
    expect(page.locator(f"#preview-{busy[1].pk} ins")).not_to_have_count(0)
    page.locator(f"#preview-{busy[1].pk}").scroll_into_view_if_needed()
    draw(page, "edit")
    desk.visit(page, at(busy[2]))
    draw(page, "claimed")


def test_board(desk, alice, bob, mara, busy):
    assignments.raise_level(busy[1], 1, [mara], POLICY)
    assignments.raise_level(busy[4], 2, [mara], POLICY)
    assignments.assign(busy[0].pk, to=bob, by=mara)
    interventions.claim(busy[3].pk, by=alice)
    page = desk.open(mara, "/board/")
    expect(page.locator(".ticket")).to_have_count(len(busy))
    draw(page, "board")
    page.get_by_role("button", name="Assign evenly").click()
    draw(page, "assign-evenly")
    now = timezone.now()
    absences.leave(bob, starts_at=now, ends_at=now + timedelta(days=2), delegate=alice, by=mara)
    desk.visit(page, "/away/")
    draw(page, "away")
    asking_back.ask(busy[1].pk, of=mara, question="Is this the customer who wrote twice?", by=alice)
    desk.visit(page, at(busy[1]))
    draw(page, "asked-back")


def test_other_kinds(desk, alice, mara):
    order = desk.ask("triage", PATIENT, by=mara)
    desk.decide(order, by=alice)
    page = desk.open(alice, at(desk.question(order.run, tool="ask_human")))
    draw(page, "question")
    change = desk.ask("contracts", CONTRACT, by=mara)
    desk.visit(page, at(change))
    choose(page, "Override")
    page.get_by_label("Output the agent will read").fill("They agreed on the phone to our wording of clause 9.")
    draw(page, "override")
    verdict(page, "override").click()
    expect_decided(page, "Overridden")
    memo = until(lambda: Intervention.objects.open().filter(run=change.run, kind=Kind.FINAL_OUTPUT).first())
    desk.visit(page, at(memo))
    draw(page, "final-output")


def test_vote(desk, alice, bob, mara, busy):
    item = bound(busy[1], approvals=2, not_by=["requester"])
    desk.decide(item, Verdict.EDIT, by=bob, replacement={**item.proposal, "amount": 920.0}, note="Half is a deposit.")
    page = desk.open(alice, at(item))
    expect(page.locator("#motion")).to_be_visible()
    draw(page, "vote")
    desk.visit(page, "/")
    requester = desk.open(mara, at(item))
    expect(requester.locator("#not-yours")).to_be_visible()
    draw(requester, "vote-requester")
    voter = desk.open(bob, at(item))
    expect(voter.locator("#voted")).to_be_visible()
    draw(voter, "vote-cast")


def test_conflict_and_closed_item(desk, alice, bob, busy):
    page, item = desk.window(alice), busy[1]
    deafen(page)
    desk.visit(page, at(item))
    page.get_by_label("Feedback for the agent").fill("The second charge was a deposit: refund half of it.")
    desk.decide(item, Verdict.EDIT, by=bob, replacement={**item.proposal, "amount": 920.0}, reason="Agreed with sales.")
    verdict(page, "reject").click()
    expect(page.locator("#conflict")).to_be_visible()
    expect(page.locator(".aftermath")).to_have_attribute("data-run-status", "completed")
    draw(page, "conflict")
    desk.visit(page, at(item))
    draw(page, "closed")


def test_runs(desk, alice, bob, mara, busy):
    item = busy[0]
    page = desk.open(alice, at(item.run))
    expect(page.locator("#run-steps .gate").first).to_be_visible()
    draw(page, "run-waiting")
    replacement = {**item.proposal, "amount": 450.0}
    desk.decide(item, Verdict.EDIT, by=bob, replacement=replacement, context="Mention the voucher from March.")
    expect_finished(page)
    page.reload()
    expect_finished(page)
    draw(page, "run")
    desk.visit(page, f"/runs/{desk.failed_run(by=mara).pk}/")
    draw(page, "run-failed")
    desk.stack.stop("worker")
    desk.visit(page, at(factories.leased(desk.submit("triage", PATIENT, by=mara))))
    draw(page, "run-running")
    desk.visit(page, "/runs/")
    draw(page, "runs")


def test_run_again(desk, alice, bob, busy):
    item = busy[0]
    desk.decide(item, by=bob, note="Both charges are on the statement.")
    page = desk.open(alice, at(item.run))
    expect_finished(page)
    page.get_by_role("link", name="Run again from checkpoint").first.click()
    draw(page, "run-again")
    desk.visit(page, f"{at(item)}try/")
    page.get_by_role("radio", name="Reject").check()
    page.get_by_label("Feedback for the agent").fill("The second charge was a deposit.")
    draw(page, "try-verdict")
    page.get_by_role("button", name="Start the dry run").click()
    expect(page.locator(".compare .state", has_text="Completed")).to_have_count(2)
    draw(page, "dry-run")


def test_repeated(desk, alice, busy):
    draw(desk.open(alice, at(repeated(desk, alice))), "repeated")


def test_unknown_outcome(desk, alice):
    draw(desk.open(alice, at(doubtful(desk, alice))), "unknown-outcome")


def test_start(desk, alice):
    page = desk.open(alice, "/runs/new/?agent=refunds&sample=1")
    draw(page, "start")


def test_audit_log(desk, alice, bob, otto, mara):
    interventions.claim(desk.ask("refunds", LARGE_REFUND, by=mara).pk, by=bob)
    desk.decide(desk.ask("refunds", REFUND, by=mara), Verdict.REJECT, by=alice, note="Ask for the receipt first.")
    page = desk.open(otto, "/audit/")
    page.get_by_role("button", name="Verify now").click()
    expect(page.locator(".sheet header .state")).to_contain_text("Verified")
    desk.visit(page, "/audit/?action=intervention.")  # all of it would be too large a picture
    draw(page, "audit-log")
    desk.visit(page, "/audit/2/")
    draw(page, "audit-entry")


def test_status(desk, alice, bob, admin, busy):
    page = desk.open(admin, "/status/")
    desk.stack.stop("worker")
    findings(factories.leased(desk.submit("triage", PATIENT, by=alice), worker="box-b:4711"))
    fleet.announce("box-b:4711", 50, Abilities({"triage": "1"}, frozenset({"1.21"}), "1.21", "0.24.6"))
    pulse.note_round()
    desk.visit(page, "/status/")
    draw(page, "status")


def test_notices(desk, alice, mara, busy, settings):
    settings.FOUREYES_SEAL_KEYS = [b"k" * 32]
    settings.FOUREYES_SMTP = {**settings.FOUREYES_SMTP, "host": "mail.example.org"}
    User.objects.filter(pk=alice.pk).update(email="alice@example.org")
    alice.refresh_from_db()
    endpoints.add(
        by=mara,
        queue=busy[0].queue,
        channel="webhook",
        name="Pager",
        url="https://pager.example.org/hooks/T0",
        host="pager.example.org",
        kinds=["escalated", "overdue"],
    )
    for item, kind in zip(busy, (NoticeKind.ESCALATED, NoticeKind.REMINDER, NoticeKind.ASSIGNED), strict=False):
        notices.owe(item, kind, [alice], key=f"picture:{item.pk}")
    refused = until(lambda: outbox.take(timezone.now()))
    outbox.failed(refused, "The mail server said 550 5.1.1 no such mailbox", for_good=True)
    page = desk.open(alice, "/notices/")
    draw(page, "notices")
    page.locator("details.bell > summary").click()
    draw(page, "bell")
    desk.visit(page, "/notices/settings/")
    draw(page, "notice-settings")
    page = desk.open(mara, "/notices/outbox/")
    draw(page, "outbox")
    desk.visit(page, "/notices/endpoints/")
    draw(page, "addresses")
    page.get_by_role("link", name="Pager").click()
    draw(page, "address")


def test_policies(desk, alice, mara, nina, busy):
    for item in busy[:2]:
        desk.decide(item, Verdict.REJECT, by=alice, note="Ask for the receipt first.")
    laxer = review_policies.draft(
        "refunds", by=nina, body={"rules": [{"tool": "issue_refund", "when": "amount > 5000"}]}
    )
    backtest.run(laxer.pk, by=mara)
    page = desk.open(mara, f"/policies/{laxer.slug}/{laxer.version}/")
    expect(page.locator("#would-pass")).to_be_visible()
    draw(page, "policy-tested")
    review_policies.activate(drafted(mara).pk, by=nina)
    rules = [REFUNDS[0], {**REFUNDS[1], "when": "amount > 5000", "approvals": 3}]
    review_policies.draft("refunds-eu", by=nina, body={"rules": rules, "note": "Fewer questions about small refunds."})
    desk.visit(page, "/policies/")
    draw(page, "policies")
    desk.visit(page, "/policies/refunds-eu/2/")
    draw(page, "policy")
    desk.visit(page, "/policies/refunds-eu/2/edit/")
    draw(page, "policy-editor")
    desk.visit(page, "/policies/refunds-eu/2/back-test/")
    page.get_by_role("button", name="Run it over these days").click()
    expect(page.locator("#result")).to_be_visible()
    draw(page, "back-test")
    time_limits.write("slow", by=mara, body=DEFAULTS[Risk.MEDIUM].snapshot(), seen=0)
    desk.visit(page, "/time-limits/slow/1/?opened=2026-03-27T16:30")
    page.locator("#dates").scroll_into_view_if_needed()
    draw(page, "time-limits")
    desk.visit(page, "/calendars/new/")
    draw(page, "calendar")


def test_admin(desk, alice, bob, admin, busy):
    interventions.claim(busy[2].pk, by=bob)
    desk.decide(busy[0], Verdict.REJECT, by=alice, note="Ask for the receipt first.")
    page = desk.open(admin, f"/admin/auth/user/{alice.pk}/change/")
    page.get_by_label("Last name").fill("Okafor")
    page.get_by_role("button", name="Save and continue").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    for name, path in (
        ("admin", ""),
        ("admin-list", "reviews/intervention/"),
        ("admin-entry", f"reviews/intervention/{busy[0].pk}/change/"),
        ("admin-user", f"auth/user/{alice.pk}/change/"),
        ("admin-history", f"auth/user/{alice.pk}/history/"),
        ("admin-queue", f"reviews/queue/{busy[0].queue_id}/change/"),
        ("admin-seat", "reviews/membership/add/"),
    ):
        desk.visit(page, f"/admin/{path}")
        draw(page, name)
