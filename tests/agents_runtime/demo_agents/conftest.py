"""The demo agents play their scripts here, whatever the shell says, and no trace leaves the machine."""

from functools import partial

import pytest

from agents_runtime import registry
from agents_runtime.agents import contracts, refunds, triage  # noqa: F401  importing an agent registers it
from tests import factories
from tests.agents_runtime.demo_agents import desk
from tests.agents_runtime.traces import recorded


@pytest.fixture(autouse=True)
def scripted(settings):
    settings.FOUREYES_MODEL = "scripted"
    with recorded():
        yield


@pytest.fixture
def start(alice):
    """Starts runs in the name of alice, who reviews the queues of all three agents."""
    registry.discover()
    for slug in ("clinical", "legal"):
        factories.seat(alice, factories.queue(slug))
    return partial(desk.start, by=alice)
