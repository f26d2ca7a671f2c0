"""What the tests in a real browser share: a desk whose reviewers sit in every demo queue."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect
from pytest_playwright.pytest_playwright import CreateContextCallback

from reviews.access import MANAGER
from reviews.models import Queue
from tests import factories
from tests.browser.desk import PATIENCE, Desk
from tests.stack import Stack

HERE = Path(__file__).parent
QUEUES = ("support", "clinical", "legal")
expect.set_options(timeout=PATIENCE)


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker, so that `-m "not browser"` leaves these tests out."""
    config.addinivalue_line("markers", "browser: drives Chromium against daphne, a Celery worker and the clock")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lives in this folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A desktop window whose owner wants no animations: what moves cannot be measured."""
    return {**browser_context_args, "viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce"}


@pytest.fixture
def nina(queue: Queue) -> User:
    """A second manager."""
    return factories.user("nina", MANAGER)


@pytest.fixture
def desk(live: Stack, alice: User, bob: User, new_context: CreateContextCallback) -> Generator[Desk]:
    """The running house; alice and bob review in all three queues. Ends when no page reported a fault."""
    for slug in QUEUES[1:]:
        for person in (alice, bob):
            factories.seat(person, factories.queue(slug))
    made = Desk(live, new_context)
    yield made
    made.close()
