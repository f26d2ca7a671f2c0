"""PostgreSQL killed or frozen beneath the desk: a clear answer meanwhile, and everything goes on by itself after it."""

import time

import httpx2 as httpx
import pytest
from playwright.sync_api import expect

from tests.outages.house import House, token
from tests.outages.servers import until

SOON = 30  # seconds; a loaded machine is slow
HTMX = {"HX-Request": "true"}


def kill(house: House) -> None:
    """PostgreSQL and all its sessions, at once."""
    house.postgres.kill()


def freeze(house: House) -> None:
    """PostgreSQL lives and says nothing."""
    house.postgres.freeze()


BOTH = pytest.mark.parametrize("strike", [kill, freeze])


def goes_on(house: House, *runs: str) -> None:
    """The database is back; the runs and a new one come to their end, and the book is whole."""
    house.postgres.heal()
    until(house.is_well, 90)
    runs = (*runs, *house.submit("quick"))
    until(lambda: house.statuses(list(runs)) == {"completed": len(runs)}, 90)
    house.run("manage.py", "verify_audit")


def in_flight(house: House) -> str:
    """A run that is inside its tool."""
    (run,) = house.submit("slow")
    until((house.work / "began").exists)
    return run


@BOTH
def test_pages_say_so_and_a_sent_form_keeps_what_was_typed(house, strike):
    (run,) = house.submit("refunds")
    browser, question = house.signed_in(), house.question(run)
    address = f"/interventions/{question}/"
    page = browser.get(address).text
    typed = {"csrfmiddlewaretoken": token(page), "verdict": "reject", "note": "Half a <sentence>", "version": "1"}

    strike(house)
    began = time.monotonic()
    shown = browser.get("/")
    banner = browser.post(f"{address}decide/", data=typed, headers=HTMX)
    kept = browser.post(f"{address}decide/", data=typed)
    machine = browser.get("/", headers={"Accept": "application/json"})

    assert {answer.status_code for answer in (shown, banner, kept, machine)} == {503}
    assert time.monotonic() - began < 4 * SOON
    assert "The database is away" in shown.text and "<!DOCTYPE html>" in shown.text
    assert "The database is away" in banner.text and "<!DOCTYPE" not in banner.text
    assert (banner.headers["HX-Retarget"], banner.headers["HX-Reswap"]) == ("#outage", "outerHTML")
    assert "Half a &lt;sentence&gt;</textarea>" in kept.text and f'action="{address}decide/"' in kept.text
    assert machine.json()["error"] == "database_away"
    assert all(answer.headers["Retry-After"] for answer in (shown, banner, kept, machine))

    goes_on(house)
    again = typed | {"csrfmiddlewaretoken": token(kept.text)}
    assert browser.post(f"{address}decide/", data=again).headers["Location"] == address
    until(lambda: house.ask("SELECT note FROM reviews_decision WHERE intervention_id = %s", question))


def test_a_browser_keeps_the_form_under_a_banner(house, new_context):
    (run,) = house.submit("refunds")
    page = house.window(new_context)
    page.goto(f"{house.url}/interventions/{house.question(run)}/")
    expect(page.locator("html")).to_have_attribute("data-ws", "open", timeout=60_000)
    note, reject = page.get_by_label("Feedback for the agent"), page.locator(".decide button[value=reject]")
    note.fill("Half a sentence")

    house.postgres.kill()
    reject.click()
    expect(page.locator("#outage")).to_contain_text("The database is away", timeout=60_000)
    expect(note).to_have_value("Half a sentence")

    house.postgres.start()
    until(house.is_well, 90)
    reject.click()
    expect(page.locator("#verdict")).to_contain_text("Rejected", timeout=60_000)
    expect(page.locator("#outage")).to_be_hidden()
    goes_on(house)


@BOTH
def test_the_probes_answer_in_time(house, strike):
    strike(house)
    began = time.monotonic()
    alive, ready = httpx.get(f"{house.url}/healthz", timeout=60), httpx.get(f"{house.url}/readyz", timeout=60)

    assert (alive.status_code, ready.status_code) == (200, 503)
    assert ready.json()["database"] is False and ready.json()["broker"] is True
    assert time.monotonic() - began < SOON
    goes_on(house)


@BOTH
def test_an_idle_desk_goes_on(house, strike):
    strike(house)
    time.sleep(6)  # more than one sweep meets the outage

    goes_on(house)


@BOTH
def test_a_run_in_its_tool_is_taken_back_and_comes_to_its_end(house, strike):
    run = in_flight(house)

    strike(house)
    (house.work / "leave").touch()
    time.sleep(4)  # the tool has ended, and its outcome finds no database

    goes_on(house, run)


def test_a_restart_while_a_run_is_in_its_tool_costs_nothing(house):
    run = in_flight(house)

    house.postgres.kill()
    house.postgres.start()
    (house.work / "leave").touch()

    goes_on(house, run)
