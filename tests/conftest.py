"""What every test may rely on."""

from collections.abc import Generator

import pytest
from django.conf import settings
from django.core.management import CommandError
from django.db import connection
from django.test import TransactionTestCase
from redis import Redis

from reviews import catalog, pulse
from reviews.actions import rulebook, runs, surroundings
from reviews.audit import triggers

pytest_plugins = ["tests.people", "tests.stack"]

DATABASE_FIXTURES = {"db", "transactional_db", "live", "stack"}
_are_triggers_gone = False


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what meets a database or a broker; put the tests with a living worker last, or it would do others' work.

    Behind them come the tests in a browser: from the first of them on, Playwright's event loop runs in this thread.
    What is marked `load` wants the machine for itself: it runs only where it is asked for.
    """
    if "load" not in config.option.markexpr:
        items[:] = [item for item in items if not item.get_closest_marker("load")]
    for item in items:
        if item.get_closest_marker("django_db") or _fixtures(item) & DATABASE_FIXTURES:
            item.add_marker("services")
    items.sort(key=lambda item: (_fixtures(item) >= {"playwright"}, "stack" in _fixtures(item)))


def _fixtures(item: pytest.Item) -> set[str]:
    return set(getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session", autouse=True)
def flush_again_after_a_deadlock() -> Generator[None]:
    """The clock sweeps on while a test empties the database; where each waits for the other's lock, empty it again."""
    flush = TransactionTestCase._fixture_teardown

    def patient(case: TransactionTestCase) -> None:
        for left in reversed(range(5)):
            try:
                return flush(case)
            except CommandError as error:
                if not left or "deadlock" not in str(error.__cause__):
                    raise

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", patient)
        yield


@pytest.fixture(autouse=True)
def audit_triggers(request: pytest.FixtureRequest) -> Generator[None]:
    """Let the audit log be emptied after tests that commit, and by nobody else."""
    global _are_triggers_gone
    if not request.node.get_closest_marker("services"):
        yield
        return
    is_transactional = _is_transactional(request)
    request.getfixturevalue("transactional_db" if is_transactional else "db")  # so that its flush comes after ours
    if _are_triggers_gone:
        triggers.create(connection)
    yield
    if is_transactional:
        triggers.drop(connection)
        _are_triggers_gone = True


@pytest.fixture(autouse=True)
def known_agents() -> Generator[None]:
    """Withdraw the agents a test declared."""
    before = catalog.all_cards()
    yield
    for card in catalog.all_cards():
        if card not in before:
            catalog.withdraw(card.slug)
    for card in before:
        catalog.declare(card)


@pytest.fixture(autouse=True)
def fresh_cache(request: pytest.FixtureRequest) -> None:
    """Forget the failed sign-ins of earlier tests. Not by cache.clear(): that would empty the broker too.

    Where a clock runs, its last sign of life stays: without it every page would say for a moment that there is none.
    """
    with Redis.from_url(settings.REDIS_URL) as client:
        stale = client.keys(f"{settings.CACHES['default']['KEY_PREFIX']}:*")
        if "stack" in request.fixturenames:
            stale = [key for key in stale if not key.endswith(pulse.SWEEP.encode())]
        if stale:
            client.delete(*stale)


@pytest.fixture(autouse=True)
def fresh_memory() -> None:
    """Forget what the process read of a database that was rolled back or emptied since: policies, queues, listeners.

    A test that met another's policies would judge twice, and read more than it counts.
    """
    rulebook._shelf.book = None
    surroundings._known.clear()
    runs._queues.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the processes said beside the failure of a test that used them."""
    report = yield
    stack = getattr(item, "funcargs", {}).get("stack")
    if report.failed and stack is not None:
        for name in ("web", "worker", "clock"):
            report.sections.append((f"log of {name}", stack.log(name)[-5000:]))
    return report


def _is_transactional(request: pytest.FixtureRequest) -> bool:
    marker = request.node.get_closest_marker("django_db")
    is_marked = marker is not None and bool(marker.kwargs.get("transaction") or (marker.args and marker.args[0]))
    return is_marked or "transactional_db" in request.fixturenames
