"""Runs that move between real processes, one of which is killed in the middle of a tool."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reviews.models import Run
from reviews.states import Kind, RunStatus, ToolCallStatus
from tests.agents_runtime import one_worker
from tests.stack import _test_database_url


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """Where the tool writes down that it paid."""
    return tmp_path / "paid"


@pytest.fixture
def worker(transactional_db, marker):
    """Starts a worker process for one advance of a run."""
    started: list[subprocess.Popen[bytes]] = []

    def start(run: Run, *more: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.agents_runtime.one_worker", str(run.pk), str(marker), *more]
        environment = os.environ | {
            "DATABASE_URL": _test_database_url(),
            "DJANGO_SETTINGS_MODULE": "hitl_site.settings",
        }
        started.append(subprocess.Popen(command, env=environment))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def wait_until(true: Callable[[], object], process: subprocess.Popen[bytes]) -> None:
    """Return once it holds; fail when the process ended first or a minute has passed."""
    deadline = time.monotonic() + 60
    while not true():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)


class TestAnotherProcess:
    def test_takes_a_run_from_its_rows_to_its_question_and_to_its_end(self, stage, worker, marker):
        run = stage.submit(lambda: one_worker.build(marker, blocks=False), review=[])
        assert worker(run).wait(60) == 0
        run.refresh_from_db()

        assert (run.status, run.result) == (RunStatus.COMPLETED, "c1: paid Ann")
        assert marker.read_text() == "Ann\n"

    def test_goes_on_with_a_run_that_was_parked_in_this_one(self, stage, worker, marker):
        run = stage.start(lambda: one_worker.build(marker, blocks=False), review=[{"tool": "pay"}])
        stage.decide(run, "edit", replacement={"to": "Bob"})

        assert worker(run).wait(60) == 0
        run.refresh_from_db()

        assert run.status == RunStatus.COMPLETED
        assert marker.read_text() == "Bob\n"


class TestKillNine:
    def test_inside_a_tool_asks_a_human_and_pays_nobody_twice(self, stage, worker, marker):
        run = stage.submit(lambda: one_worker.build(marker, blocks=False))
        process = worker(run, "block")
        wait_until(lambda: marker.exists() and marker.read_text(), process)

        process.kill()
        process.wait()
        assert stage.advance(run).status == RunStatus.RUNNING  # its lease still stands
        stage.lose_worker(run)
        run = stage.advance(run)

        assert stage.question(run).kind == Kind.UNKNOWN_OUTCOME
        assert stage.call(run).status == ToolCallStatus.UNKNOWN

        run = stage.settle(run, "override", replacement="paid, says the bank")
        assert (run.status, run.result) == (RunStatus.COMPLETED, "c1: paid, says the bank")
        assert marker.read_text() == "Ann\n"
