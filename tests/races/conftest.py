"""Threads that start at one moment, each with a connection of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from reviews import audit, events
from reviews.audit import Verified

PATIENCE = 60
"""Seconds until two threads that wait for each other fail the test instead of hanging it."""


def pytest_configure(config: pytest.Config) -> None:
    """Name the one marker of this folder."""
    config.addinivalue_line("markers", "both: a race that is run on SQLite as well")


@pytest.fixture(autouse=True)
def committed(request, transactional_db):
    """Real transactions, on PostgreSQL; a test marked `both` runs on SQLite too. Nobody is told, so nobody joins in."""
    if connection.vendor != "postgresql" and not request.node.get_closest_marker("both"):
        pytest.skip("row locks exist on PostgreSQL only: TEST_STACK=postgres proves this")


@pytest.fixture(autouse=True)
def undisturbed(monkeypatch):
    """Nobody listens, so no worker or bell joins the race."""
    monkeypatch.setattr(events, "_listeners", type(events._listeners)(list))


@pytest.fixture(autouse=True)
def whole_book(committed):
    """After every race the chain holds."""
    yield
    assert isinstance(audit.verify(), Verified)


def race(*contenders: Callable[[], Any]) -> list[Any]:
    """Run them at the same moment; what each returned, or the exception it raised."""
    start = threading.Barrier(len(contenders))

    def contend(contender: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            start.wait(PATIENCE)
            return contender()
        except Exception as error:  # the loser's refusal is what the test wants to see
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(contenders)) as pool:
        return [future.result(PATIENCE) for future in [pool.submit(contend, one) for one in contenders]]


def split(results: list[Any]) -> tuple[list[Any], list[Exception]]:
    """Those who came through, and the refusals of those who did not."""
    lost = [result for result in results if isinstance(result, Exception)]
    return [result for result in results if not isinstance(result, Exception)], lost
