"""A worker that is told to stop, and a run that is stopped under its worker: real workers, real signals."""

import os
import signal
import time

import pytest

from reviews.actions import runs
from reviews.models import Run
from reviews.states import RunStatus, ToolCallStatus
from tests.agents_runtime import crew
from tests.agents_runtime.crews import Crew, lines, status, until

LONG = 600
"""Seconds that no test waits: what lasts so long was given up."""
POOLS = pytest.mark.parametrize("pool", ["threads", "prefork"])


@pytest.fixture
def workers(transactional_db, alice):
    """Starts workers; none outlives the test."""
    started = Crew()
    yield started
    started.end()


@pytest.fixture
def marker(tmp_path):
    return tmp_path / "book"


@pytest.fixture
def submit(alice, marker):
    """Queues a run that behaves as told."""
    return lambda **how: runs.submit(crew.SLUG, crew.task(marker=marker, **how), by=alice)


def acts(run: Run) -> list[str]:
    return list(run.events.order_by("seq").values_list("kind", flat=True))


@POOLS
class TestTheOrderToStop:
    def test_lets_a_tool_come_to_its_end_and_another_worker_go_on_after_it(self, workers, submit, marker, pool):
        first = workers.start(pool, 2)
        run = submit(turns=2, tool_seconds=3)
        until(lambda: "begin" in lines(marker), first)
        os.kill(first.pid, signal.SIGTERM)
        until(lambda: first.exit_code is not None)

        assert first.exit_code == 0
        run.refresh_from_db()
        assert (run.status, run.lease) == (RunStatus.QUEUED, None)
        assert acts(run)[-1] == "run.handed_back"
        assert run.tool_calls.get(call_id="c0").status == ToolCallStatus.DONE

        second = workers.start(pool, 2)
        until(lambda: status(run) == RunStatus.COMPLETED, second)
        assert lines(marker).count("begin") == 2, "each tool ran once"

    def test_lets_go_of_a_model_that_thinks_too_long(self, workers, submit, marker, pool):
        worker = workers.start(pool, 2, FOUREYES_STOP_SECONDS="1")
        run = submit(seconds=LONG)
        until(lambda: lines(marker) == ["think"], worker)
        os.kill(worker.pid, signal.SIGTERM)
        until(lambda: worker.exit_code is not None)

        assert worker.exit_code == 0
        assert status(run) == RunStatus.QUEUED
        assert acts(run)[-1] == "run.handed_back"
        assert Run.objects.get(pk=run.pk).losses == 0


@POOLS
class TestARunThatIsStopped:
    def test_while_its_model_thinks_frees_the_worker_within_seconds(self, workers, submit, marker, alice, pool):
        worker = workers.start(pool, 1)
        run = submit(seconds=LONG)
        until(lambda: lines(marker) == ["think"], worker)
        runs.stop(run.pk, by=alice)
        begun = time.monotonic()
        after = submit()  # the worker has one place, so this one waits for it

        until(lambda: status(after) == RunStatus.COMPLETED, worker)

        assert status(run) == RunStatus.CANCELLED
        assert time.monotonic() - begun < LONG / 4
        assert "What it came to is dropped" in "\n".join(workers.said)
