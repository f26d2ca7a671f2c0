"""Valkey killed, wiped or frozen beneath the desk: people work on, and the runs follow when it is back."""

import time

import pytest

from tests.outages.house import House, token
from tests.outages.servers import until
from tests.outages.test_database import in_flight

SOON = 30  # seconds; a loaded machine is slow


def kill(house: House) -> None:
    """Valkey ends; its file stays."""
    house.valkey.kill()


def kill_and_wipe(house: House) -> None:
    """Valkey ends and forgets."""
    house.valkey.kill()
    house.valkey.wipe()


def freeze(house: House) -> None:
    """Valkey lives and says nothing."""
    house.valkey.freeze()


ALL = pytest.mark.parametrize("strike", [kill, kill_and_wipe, freeze])


def goes_on(house: House, *runs: str) -> None:
    """Valkey is back; the runs and a new one come to their end."""
    house.valkey.heal()
    until(house.is_well, 90)
    runs = (*runs, *house.submit("quick"))
    until(lambda: house.statuses(list(runs)) == {"completed": len(runs)}, 90)


@ALL
def test_people_sign_in_read_and_decide_meanwhile(house, strike):
    (run,) = house.submit("refunds")
    question = house.question(run)
    address = f"/interventions/{question}/"

    strike(house)
    began = time.monotonic()
    browser = house.signed_in()
    inbox, page = browser.get("/"), browser.get(address)
    secret = token(page.text)
    decided = browser.post(
        f"{address}decide/", data={"csrfmiddlewaretoken": secret, "verdict": "approve", "version": 1}
    )

    assert (inbox.status_code, page.status_code, decided.status_code) == (200, 200, 302)
    assert time.monotonic() - began < SOON
    assert house.statuses([run]) == {"queued": 1}, "decided, and waiting for a worker to hear of it"
    until(lambda: browser.get("/readyz").json()["broker"] is False)
    assert browser.get("/readyz?only=database,migrations").status_code == 200

    goes_on(house)
    until(lambda: house.statuses([run]) == {"completed": 1}, 90)


@ALL
def test_runs_submitted_meanwhile_are_announced_by_the_clock(house, strike):
    strike(house)
    runs = house.submit("quick", 3)
    assert house.statuses(runs) == {"queued": 3}

    goes_on(house, *runs)


@ALL
def test_a_run_in_its_tool_comes_to_its_end(house, strike):
    run = in_flight(house)

    strike(house)
    (house.work / "leave").touch()
    until(lambda: house.statuses([run]) == {"completed": 1}, 60)

    goes_on(house)
