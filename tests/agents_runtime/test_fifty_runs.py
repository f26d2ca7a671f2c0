"""One worker process carries many runs. How quickly is measured against one run on the same machine, minutes apart."""

import os
import time
from pathlib import Path

import pytest

from reviews.actions import runs
from reviews.models import Run
from reviews.states import RunStatus
from tests.agents_runtime import crew
from tests.agents_runtime.crews import PATIENCE, Crew, until

pytestmark = pytest.mark.load
MANY = 50


@pytest.fixture
def workers(transactional_db, alice):
    """Starts workers; none outlives the test."""
    started = Crew()
    yield started
    started.end()
    print("\n".join(started.said[-200:]))


def seconds_of(count: int, by) -> float:
    """How long it takes until that many runs, submitted at once, have ended well."""
    begun = time.monotonic()
    ids = [runs.submit(crew.SLUG, crew.task(turns=2, seconds=1), by=by).pk for _ in range(count)]
    ended = Run.objects.filter(pk__in=ids, status=RunStatus.COMPLETED)
    until(lambda: ended.count() == count or time.monotonic() - begun > PATIENCE)
    assert ended.count() == count, Run.objects.filter(pk__in=ids).values_list("status", "error")
    return time.monotonic() - begun


def processor_seconds(pid: int) -> float:
    """What a process has used of the processors so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class TestFiftyRuns:
    def test_whose_model_takes_a_second_take_less_than_four_times_as_long_as_one(self, workers, alice):
        worker = workers.start("threads", MANY)
        seconds_of(1, alice)  # the first pays for what is made once
        one, before = seconds_of(1, alice), processor_seconds(worker.pid)

        many = seconds_of(MANY, alice)

        used = processor_seconds(worker.pid) - before
        print(
            f"one run {one:.2f} s, {MANY} runs {many:.2f} s ({used:.2f} s of processor): {many / one:.2f} times as long"
        )
        assert many < 4 * one
