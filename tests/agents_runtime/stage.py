"""Registers agents for a test, starts runs of them, advances and decides, always from the rows of the database."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from agents import Agent
from django.contrib.auth.models import User
from django.utils import timezone

from agents_runtime import registry, worker
from reviews.actions import interventions, leases, runs
from reviews.models import Decision, Intervention, Run, ToolCall

Build = Callable[[], Agent[Any]]


class Stage:
    """One reviewer, and the agents of one test."""

    def __init__(self, reviewer: User) -> None:
        self.reviewer = reviewer

    def register(self, build: Build, slug: str = "actor", *, version: str = "1", **more: Any) -> str:
        """Register what `build` makes, and put its card in the catalog."""
        registry._entries.pop(slug, None)
        registry.register(slug, queue="support", version=version, **more)(build)
        registry.declare(registry.get(slug))
        return slug

    def submit(self, build: Build, *, input: str = "Go.", **more: Any) -> Run:
        """A queued run of a newly registered agent."""
        return runs.submit(self.register(build, **more), input, by=self.reviewer)

    def start(self, build: Build, **more: Any) -> Run:
        """A run that has been advanced once."""
        return self.advance(self.submit(build, **more))

    def advance(self, run: Run) -> Run:
        """What a worker does when the run is announced to it."""
        worker.advance(run.pk)
        return Run.objects.get(pk=run.pk)

    def question(self, run: Run, call_id: str | None = None) -> Intervention:
        """The open question of the run, about that call where there are several."""
        about = {} if call_id is None else {"tool_call__call_id": call_id}
        return run.interventions.open().get(**about)

    def decide(self, run: Run, verdict: str, *, call_id: str | None = None, **said: Any) -> Decision:
        """One verdict; the run stays where it is."""
        return interventions.decide(self.question(run, call_id).pk, by=self.reviewer, verdict=verdict, **said)

    def settle(self, run: Run, verdict: str, *, call_id: str | None = None, **said: Any) -> Run:
        """One verdict, and the worker's next advance."""
        self.decide(run, verdict, call_id=call_id, **said)
        return self.advance(run)

    def lose_worker(self, run: Run) -> None:
        """Let the lease of a dead worker run out, and let the clock notice."""
        Run.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
        leases.reclaim_lost()

    def call(self, run: Run, call_id: str = "c1") -> ToolCall:
        """The ledger's line of that call."""
        return run.tool_calls.get(call_id=call_id)
