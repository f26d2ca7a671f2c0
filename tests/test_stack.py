"""The real processes together: what each does when another one dies. The browser tests stand on this."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from hitl_site.supervisor import probes
from reviews.actions import runs
from reviews.models import Run
from reviews.states import RunStatus

AGENT, INPUT = "refunds", "Customer C-88213 reports a duplicate charge on order O-30912."


@pytest.fixture
def submit(live, mara):
    """Start a run of a demo agent, which its worker carries to the first question."""
    return lambda: runs.submit(AGENT, INPUT, by=User.objects.get(username="mara"))


def until(condition: Callable[[], object], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.1)


def waits(run: Run) -> Callable[[], bool]:
    return lambda: Run.objects.filter(pk=run.pk, status=RunStatus.AWAITING_REVIEW).exists()


class TestWorker:
    def test_carries_a_run_to_its_question(self, submit):
        until(waits(submit()))

    def test_takes_up_what_was_submitted_while_there_was_none(self, live, submit):
        live.stop("worker")
        run = submit()
        live.start("worker")

        until(waits(run))

    @pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
    def test_takes_its_pool_along_when_it_is_killed(self, live):
        live.stop("worker")
        live.start_with("worker", FOUREYES_WORKER_POOL="prefork", FOUREYES_WORKER_CONCURRENCY="2")
        worker = live.processes.pop("worker")
        pool = children(worker.pid)
        assert pool
        os.kill(worker.pid, signal.SIGKILL)

        until(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in pool))
        worker.kill()


class TestWeb:
    def test_comes_back(self, live):
        live.kill("web")
        assert not probes.web_answers("127.0.0.1", live.port)
        live.start("web")


class TestClock:
    @pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
    def test_ticks_no_more_when_it_is_killed(self, live):
        clock = live.processes.pop("clock")
        beat = children(clock.pid)
        assert beat
        os.kill(clock.pid, signal.SIGKILL)

        until(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in beat))
        clock.kill()

    def test_sweeps_while_there_is_no_worker(self, live, submit):
        live.stop("worker")
        run = submit()
        long_ago = run.created_at.replace(year=2000)
        Run.objects.filter(pk=run.pk).update(announced_at=long_ago)

        until(lambda: Run.objects.get(pk=run.pk).announced_at > long_ago)

    def test_gives_a_run_to_another_worker_when_its_own_was_killed(self, live, submit):
        run = submit()
        live.kill("worker")
        long_ago = run.created_at.replace(year=2000)  # in place of a minute's wait
        Run.objects.filter(pk=run.pk).update(announced_at=long_ago)
        Run.objects.filter(pk=run.pk, status=RunStatus.RUNNING).update(lease_expires_at=long_ago)
        live.start("worker")

        until(waits(run))


class TestSettle:
    def test_leaves_no_task_behind(self, live, submit):
        for _ in range(3):
            submit()
        live.settle()

        assert not Run.objects.filter(status__in=[RunStatus.QUEUED, RunStatus.RUNNING]).exists()


def children(pid: int) -> list[int]:
    task = Path(f"/proc/{pid}/task")
    return [int(child) for thread in task.iterdir() for child in (thread / "children").read_text().split()]
