"""Real Celery workers of a test, each a process of its own on the test's database and broker."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from hitl_site import celery
from hitl_site.supervisor import parts
from hitl_site.supervisor.process import Process
from reviews.models import Run
from tests.stack import _test_database_url, forget_tasks

PATIENCE = 120
"""Seconds; the machine may be busy."""


class Crew:
    """The workers that one test starts."""

    def __init__(self) -> None:
        self.started: list[Process] = []
        self.said: list[str] = []
        forget_tasks()  # earlier tests announced runs that are gone

    def start(self, pool: str = "threads", concurrency: int = 50, **environment: str) -> Process:
        """One worker, once it takes runs."""
        number = len(self.started) + 1
        argv = [word.replace("hitl_site.celery", "tests.agents_runtime.crew") for word in parts.worker().argv]
        argv = [word.replace("worker@", f"worker{number}@") for word in argv]
        size = {"FOUREYES_WORKER_POOL": pool, "FOUREYES_WORKER_CONCURRENCY": str(concurrency)}
        part = parts.Part("worker", tuple(argv), grace=30)
        process = Process(part, {**os.environ, "DATABASE_URL": _test_database_url(), **size, **environment}, self._note)
        self.started.append(process)
        until(lambda: self.is_up(number), process)
        return process

    def is_up(self, number: int) -> bool:
        """Whether that worker answers."""
        answers = celery.app.control.ping(timeout=0.5) or []
        return any(name.startswith(f"worker{number}@") for answer in answers for name in answer)

    def end(self) -> None:
        """Kill what is left."""
        for process in self.started:
            process.kill()
        forget_tasks()

    def _note(self, _name: str, line: str) -> None:
        self.said.append(line)


def until(condition: Callable[[], object], process: Process | None = None) -> None:
    """Return once it holds; fail, with what it said, where the process ends first or patience does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        said = "\n".join(process.lines) if process else ""
        assert process is None or process.exit_code is None, said
        assert time.monotonic() < deadline, said
        time.sleep(0.05)


def status(run: Run) -> str:
    """Where the run stands in the database."""
    return Run.objects.values_list("status", flat=True).get(pk=run.pk)


def lines(marker: Path) -> list[str]:
    """What the agent did, word by word."""
    return [line.split()[0] for line in marker.read_text().splitlines()] if marker.exists() else []
