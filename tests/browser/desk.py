"""The desk as browser tests handle it: people open pages, agents stop, and nothing waits for the clock."""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, expect
from pytest_playwright.pytest_playwright import CreateContextCallback

from reviews.actions import gates, interventions, leases, runs
from reviews.models import Finding, Intervention, Run
from reviews.models.finding import Alarm
from reviews.states import Ruling, RunStatus, Verdict
from tests import factories
from tests.stack import Stack, sign_in

PATIENCE = 20_000
"""Milliseconds a page may take to get where it should; a loaded machine is slow, a wrong one never arrives."""

REFUND = "Customer C-88213 reports a duplicate charge on order O-30912."
ANOTHER_REFUND = "Customer C-60518 never got order O-31120."
LARGE_REFUND = "Customer C-57730 was charged twice for order O-30977."
PATIENT = "Triage patient P-1042: chest pain for 2 hours, came in by ambulance."
CONTRACT = "Review contract K-2207 with Northwind Hosting before Friday's signing."

REFUSED = re.compile(r"Failed to load resource: the server responded with a status of (403|404|409|422)")
"""What Chromium says of an answer that is meant to be an error."""

T = TypeVar("T")


class Desk:
    """One test's house: the processes, the browser's windows, and what went wrong in them."""

    def __init__(self, stack: Stack, new_context: CreateContextCallback) -> None:
        self.stack = stack
        self.url = stack.url
        self.faults: list[str] = []
        self.expected = [REFUSED]
        self._new_context = new_context
        self._contexts: list[BrowserContext] = []

    def window(self, person: User | None = None, **options: Any) -> Page:
        """A window of its own, signed in as that person; `options` are those of a browser context."""
        context = self._new_context(**options)
        context.set_default_timeout(PATIENCE)
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.faults.append(f"uncaught: {error.error}"))
        self._contexts.append(context)
        if person:
            sign_in(context, person, self.url)
        return context.new_page()

    def open(self, person: User, path: str = "/", **options: Any) -> Page:
        """A window of that person at that address, its live line up."""
        page = self.window(person, **options)
        self.visit(page, path)
        return page

    def visit(self, page: Page, path: str) -> None:
        """Go there and wait for the live line, if the page has one."""
        page.goto(f"{self.url}{path}")
        if page.locator("#live").count():
            expect(page.locator("html")).to_have_attribute("data-ws", "open")

    def submit(self, agent: str, text: str, *, by: User | None = None) -> Run:
        """Start a run; a worker takes it."""
        return runs.submit(agent, text, by=by)

    def ask(self, agent: str, text: str, *, by: User | None = None) -> Intervention:
        """Start a run and return the question it stops at."""
        return self.question(self.submit(agent, text, by=by))

    def question(self, run: Run, tool: str | None = None) -> Intervention:
        """The open question of a run, once it has stopped there."""

        def asked() -> Intervention | None:
            found = Intervention.objects.open().filter(run=run)
            return (found if tool is None else found.filter(tool=tool)).select_related("run").first()

        return until(asked)

    def failed_run(self, *, by: User) -> Run:
        """A run that failed: its agent is known to the desk and to no worker."""
        run = factories.run(by=by)
        return until(lambda: Run.objects.filter(pk=run.pk, status=RunStatus.FAILED).first())

    def decide(self, item: Intervention, verdict: str = Verdict.APPROVE, *, by: User, **said: Any) -> None:
        """Give a verdict without a browser."""
        interventions.decide(item.pk, by=by, verdict=verdict, **said)

    def forgive(self, pattern: str) -> None:
        """Expect messages like this in the console."""
        self.expected.append(re.compile(pattern))

    def close(self) -> None:
        """Close the windows; raises with what their consoles said."""
        for context in self._contexts:
            context.close()
        assert not self.faults, "\n".join(self.faults)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not any(known.search(message.text) for known in self.expected):
            self.faults.append(f"{message.type} at {message.location.get('url')}: {message.text}")


def repeated(desk: Desk, by: User) -> Intervention:
    """A question whose like that person has rejected twice in the same run; asked of no agent that could answer."""
    desk.stack.stop("worker")
    run = factories.leased(desk.submit("refunds", REFUND, by=by))
    for note in ("Ask for the receipt first.", "Still no receipt; write to the customer."):
        desk.decide(factories.question(run), Verdict.REJECT, by=by, note=note)
        run = factories.leased(run)
    return factories.question(run)


def doubtful(desk: Desk, by: User) -> Intervention:
    """A question whether a refund happened, whose worker fell silent; no worker is left that could take its run."""
    desk.stack.stop("worker", "clock")
    run = factories.leased(desk.submit("refunds", REFUND, by=by), worker="e2b1f3a40c77:4242")
    asked = factories.proposal(ruling=Ruling.LET_THROUGH)
    gates.park(run, factories.state(), [asked])
    call = factories.begin(run, asked.call_id)
    Run.objects.filter(pk=run.pk).update(lease_expires_at=run.created_at)
    leases.reclaim_lost()
    gates.ask_outcome(factories.leased(run, worker="e2b1f3a40c77:4711"), [call])
    return run.interventions.get()


def findings(about: Run) -> None:
    """What a watchdog might have found: two things that hold, and one that is over."""
    now = timezone.now()
    for minutes, kind, subject, said, over in (
        (2, Alarm.STUCK_RUN, f"run:{about.pk}", "Queued since 2026-11-21 10:00 UTC; a worker has room", None),
        (9, Alarm.BROKEN_BOOK, "entry:3", "The text of entry 3 (run.started) was altered", None),
        (60, Alarm.DEAD_NOTICE, "notices:dead", "Messages were given up; the newest was “Reminder” by mail", now),
    ):
        seen = {"first_seen": now - timedelta(minutes=minutes), "last_seen": now}
        Finding.objects.create(kind=kind, subject=subject, said=said, cleared_at=over, **seen)


def until(look: Callable[[], T | None], seconds: float = PATIENCE / 1000) -> T:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return found


def at(item: Intervention | Run) -> str:
    """Its address."""
    return f"/{'runs' if isinstance(item, Run) else 'interventions'}/{item.pk}/"


def row(page: Page, item: Intervention) -> Locator:
    """Its row in the inbox."""
    return page.locator(f"#row-{item.pk}")


def verdict(page: Page, name: str) -> Locator:
    """The button that gives this verdict."""
    return page.locator(f".decide button[value={name}]")


def choose(page: Page, view: str) -> None:
    """Switch the proposal to that view."""
    page.locator("#proposal > header").get_by_role("radio", name=view).check()


def expect_decided(page: Page, outcome: str) -> None:
    """The pane shows the verdict in place of the form."""
    expect(page.locator("#verdict")).to_contain_text(outcome)


def expect_finished(page: Page, status: str = "Completed") -> None:
    """The run's page comes to its end."""
    expect(page.locator("#run-head .state")).to_have_text(status)
