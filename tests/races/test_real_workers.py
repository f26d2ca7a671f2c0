"""Real worker processes that come at once, on the database and the broker of the session."""

import os
import signal

import pytest
from django.db import connection

from agents_runtime import tasks
from reviews import audit
from reviews.actions import interventions, leases, runs
from reviews.audit import Verified
from reviews.models import Run
from reviews.states import Kind, RunStatus, ToolCallStatus
from tests.agents_runtime import crew
from tests.agents_runtime.crews import Crew, lines, status, until

pytestmark = pytest.mark.both
LEASE = 2
"""Seconds; short, so that it can be lost within a test."""


@pytest.fixture
def workers(transactional_db):
    """Starts workers; none outlives the test."""
    started = Crew()
    yield started
    started.end()


@pytest.fixture
def marker(tmp_path):
    """Where the agent writes down what it did."""
    return tmp_path / "book"


@pytest.fixture
def submit(alice, marker):
    """A queued run that nobody has announced: the race's fixtures keep everybody quiet."""
    return lambda **how: runs.submit(crew.SLUG, crew.task(marker=marker, **how), by=alice)


def announce(run: Run, times: int = 1) -> None:
    """Send the message of that run so often."""
    for _ in range(times):
        tasks.advance_run.apply_async(args=(str(run.pk),))


def kinds(run: Run, kind: str) -> int:
    """How often the history of the run tells of that."""
    return run.events.filter(kind=kind).count()


@pytest.mark.parametrize("pool", ["threads", "prefork"])
class TestOneMessage:
    def test_delivered_five_times_at_once_has_one_effect(self, workers, submit, marker, pool):
        run = submit(turns=2, seconds=0.2, tool_seconds=0.5)
        announce(run, times=5)  # before anybody is up, so that one worker takes all five in the same moment

        worker = workers.start(pool, 5)
        until(lambda: status(run) == RunStatus.COMPLETED, worker)
        announce(run, times=5)  # and five more, late
        after = submit()
        announce(after)
        until(lambda: status(after) == RunStatus.COMPLETED, worker)

        calls = run.tool_calls.values_list("status", flat=True)
        assert (kinds(run, "run.started"), kinds(run, "run.completed")) == (1, 1)
        assert list(calls) == [ToolCallStatus.DONE] * 2
        assert lines(marker).count("begin") == 3, "two tools of the first run, one of the second"


class TestTwoWorkers:
    def test_that_race_for_a_run_share_its_messages_and_run_it_once(self, workers, submit, marker):
        first, second = workers.start("threads", 5), workers.start("prefork", 3)
        raced = [submit(tool_seconds=0.1) for _ in range(6)]
        for run in raced:
            announce(run, times=5)

        until(lambda: all(status(run) == RunStatus.COMPLETED for run in raced), first)

        assert second.exit_code is None
        assert [kinds(run, "run.started") for run in raced] == [1] * 6
        assert lines(marker).count("begin") == lines(marker).count("end") == 6


class TestALeaseStolenInMidTool:
    @pytest.fixture
    def stolen(self, workers, submit, marker):
        """A worker frozen inside its tool, as if its machine slept; its run was taken back, and a second one is up."""
        slow = workers.start("threads", 2, FOUREYES_LEASE_SECONDS=str(LEASE))
        run = submit(tool_seconds=3)
        announce(run)
        until(lambda: "begin" in lines(marker), slow)
        os.kill(slow.pid, signal.SIGSTOP)
        until(lambda: leases.reclaim_lost() == 1)
        quick = workers.start("threads", 2)
        announce(run)
        until(lambda: status(run) == RunStatus.AWAITING_REVIEW, quick)
        connection.close()
        yield run, slow, quick
        os.kill(slow.pid, signal.SIGCONT)

    def test_asks_a_person_while_the_first_worker_may_still_act(self, stolen, marker):
        run, _, _ = stolen
        assert run.interventions.open().get().kind == Kind.UNKNOWN_OUTCOME
        assert run.tool_calls.get().status == ToolCallStatus.UNKNOWN
        assert lines(marker).count("begin") == 1

    def test_lets_the_first_worker_write_nothing_when_it_wakes(self, stolen, alice, marker, workers):
        run, slow, quick = stolen
        os.kill(slow.pid, signal.SIGCONT)
        until(lambda: "end" in lines(marker), slow)
        until(lambda: any("is dropped" in line for line in slow.lines), slow)

        assert run.tool_calls.get().status == ToolCallStatus.UNKNOWN
        item = run.interventions.open().get()
        interventions.decide(item.pk, by=alice, verdict="override", replacement="acted, says the world outside")
        announce(run)
        until(lambda: status(run) == RunStatus.COMPLETED, quick)

        assert lines(marker).count("begin") == lines(marker).count("end") == 1
        assert kinds(run, "run.completed") == 1
        assert isinstance(audit.verify(), Verified)
