"""Foureyes: this process submits and decides as a web process does; real Celery workers do the rest.

It learns how a run fares as a browser does, from the bell; it then looks with a database role of its own, so that what
it looks at is not counted among the statements of the product.
"""

import os
import time
from collections.abc import Callable
from uuid import UUID

import django
import msgpack
import psycopg
from redis import Redis

django.setup()

from django.contrib.auth.models import User  # noqa: E402

from benchmarks.desk.agents import QUEUE, SLUG  # noqa: E402
from benchmarks.peers import texts  # noqa: E402
from benchmarks.peers.protocol import Cycle, serve  # noqa: E402
from reviews import live  # noqa: E402
from reviews.actions import interventions, runs  # noqa: E402
from reviews.models import Membership, Queue  # noqa: E402
from reviews.states import RunStatus, Verdict  # noqa: E402

PATIENCE = 60
LOOK = """
    SELECT status, error,
        (SELECT id FROM reviews_intervention WHERE run_id = run.id AND status = 'pending' LIMIT 1),
        (SELECT output #>> '{}' FROM reviews_toolcall WHERE run_id = run.id LIMIT 1)
    FROM reviews_run run WHERE id = %s"""


class Desk:
    """A reviewer at work: starts runs, hears of their questions, approves them."""

    def __init__(self, watch_url: str, redis_url: str) -> None:
        self.watch = psycopg.connect(watch_url, autocommit=True)
        self.bells = Redis.from_url(redis_url).pubsub(ignore_subscribe_messages=True)
        self.bells.subscribe(f"foureyes__group__{live.DESK}")
        self.alice, _ = User.objects.get_or_create(username="alice")
        queue, _ = Queue.objects.get_or_create(slug=QUEUE, defaults={"name": "Benchmark"})
        Membership.objects.get_or_create(user=self.alice, queue=queue, defaults={"role": Membership.Role.REVIEWER})
        self.waiting: list[UUID] = []

    def cycles(self, count: int, in_flight: int = 1) -> list[Cycle]:
        """Play them, so many at a time."""
        going: dict[UUID, Cycle] = {}
        done: list[Cycle] = []
        for _ in range(min(in_flight, count)):
            self.start(going)
        while going:
            run_id, status, question, output = self.news(going)
            cycle = going[run_id]
            if status == RunStatus.AWAITING_REVIEW and not cycle.decided:
                cycle.decided = time.perf_counter()
                self.approve(question)
            elif status == RunStatus.COMPLETED:
                cycle.done, cycle.tool = time.perf_counter(), texts.started_at(output)
                done.append(going.pop(run_id))
                if len(done) + len(going) < count:
                    self.start(going)
        return done

    def submit(self, count: int) -> int:
        """Only the first half of so many cycles, one after the other; returns how many wait for a decision."""
        for _ in range(count):
            run_id = self.start(going := {})
            self.until(going, RunStatus.AWAITING_REVIEW)
            self.waiting.append(run_id)
        return len(self.waiting)

    def decide(self) -> int:
        """The second half of those; returns how many completed."""
        for run_id in self.waiting:
            _, question, _ = self.look(run_id)
            self.approve(question)
            self.until({run_id: Cycle(0)}, RunStatus.COMPLETED)
        count = len(self.waiting)
        self.waiting.clear()
        return count

    def start(self, going: dict[UUID, Cycle]) -> UUID:
        """Queue a run."""
        began = time.perf_counter()
        run_id = runs.submit(SLUG, texts.USER, by=self.alice).pk
        going[run_id] = Cycle(began)
        return run_id

    def approve(self, question: UUID) -> None:
        """The verdict."""
        interventions.decide(question, by=self.alice, verdict=Verdict.APPROVE)

    def until(self, going: dict[UUID, Cycle], status: str) -> None:
        """Return once the one run has come there."""
        while self.news(going)[1] != status:
            pass

    def news(self, going: dict[UUID, Cycle]) -> tuple[UUID, str, UUID, str]:
        """Where the next run stands that waits or has ended; looks when its bell rings, else now and then."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for run_id in self.rung(going):
                status, question, output = self.look(run_id)
                if status in (RunStatus.AWAITING_REVIEW, RunStatus.COMPLETED):
                    return run_id, status, question, output
        raise TimeoutError(f"no news of {len(going)} runs for {PATIENCE} s: does the worker live?")

    def rung(self, going: dict[UUID, Cycle]) -> list[UUID]:
        """The run of the next bell, or all of them when none rings for a tenth of a second."""
        message = self.bells.get_message(timeout=0.1)
        if message is None:
            return list(going)
        rung = msgpack.unpackb(message["data"])
        run_id = UUID(rung["run"]) if rung["type"] == "bell" else None
        return [run_id] if run_id in going else []

    def look(self, run_id: UUID) -> tuple[str, UUID, str]:
        """Status, open question and tool output of a run. Raises RuntimeError for one that failed."""
        row = self.watch.execute(LOOK, [run_id]).fetchone()
        assert row is not None
        status, error, question, output = row
        if error:
            raise RuntimeError(error)
        return status, question, output


if __name__ == "__main__":
    desk = Desk(os.environ["WATCH_DATABASE"], os.environ["REDIS_URL"])
    verbs: dict[str, Callable[..., object]] = {"cycles": desk.cycles, "submit": desk.submit, "decide": desk.decide}
    serve(verbs, ("Django", "celery", "openai-agents", "psycopg"))
