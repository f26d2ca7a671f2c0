"""The workers that are up, what each can run, and what a run waits for that none of them can take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import BooleanField, Count, OuterRef, Q, Subquery
from django.db.models.expressions import RawSQL
from django.utils import timezone

from reviews.models import Checkpoint, Run, Worker
from reviews.models.run import RunQuerySet
from reviews.models.worker import WorkerQuerySet
from reviews.states import RUN_OPEN, RunStatus

FORGOTTEN_AFTER = timedelta(hours=1)
MANY = 200
"""Workers that are looked at; beyond them the fleet is the same over and over."""
UNANNOUNCED_AFTER = timedelta(seconds=20)
"""How long a queued run goes untaken until the clock announces it again."""
SUITED = """NOT EXISTS (
    SELECT 1 FROM reviews_checkpoint newest
    WHERE newest.run_id = reviews_run.id
    AND newest.number = (SELECT max(number) FROM reviews_checkpoint WHERE run_id = reviews_run.id)
    AND NOT (newest.schema_version IN ({schemas}) AND (reviews_run.agent, newest.agent_version) IN (VALUES {versions}))
)"""
"""Of a run whose newest checkpoint, if it has one, is of a version and a schema among these."""


@dataclass(frozen=True)
class Abilities:
    """What a process can run: its agents by version, and the states its SDK writes and reads."""

    agents: Mapping[str, str]
    schemas: frozenset[str]
    schema_version: str = ""
    sdk_version: str = ""

    def suit(self, need: Need) -> bool:
        """Whether it can go on with a run that needs this."""
        knows = need.agent in self.agents and need.version in (None, self.agents[need.agent])
        return knows and (need.schema is None or need.schema in self.schemas)


@dataclass(frozen=True)
class Need:
    """What a run needs of its worker; version and schema are those of its newest checkpoint, if it has one."""

    agent: str
    version: str | None = None
    schema: str | None = None


class TooOld(Exception):
    """This process reads no states that runs or other workers have written already; says which and what to do."""


def announce(name: str, places: int, able: Abilities) -> None:
    """Say that this process is up, and what it can run."""
    now = timezone.now()
    said = {
        "places": places,
        "sdk_version": able.sdk_version,
        "schema_version": able.schema_version,
        "schemas": sorted(able.schemas),
        "agents": dict(able.agents),
        "seen_at": now,
    }
    _, is_new = Worker.objects.update_or_create(
        name=name[:200], defaults=said, create_defaults=said | {"started_at": now}
    )
    if is_new:
        Worker.objects.filter(seen_at__lt=now - FORGOTTEN_AFTER).delete()


def leave(name: str) -> None:
    """Say that this process takes no more runs."""
    Worker.objects.filter(name=name[:200]).delete()


def up() -> WorkerQuerySet:
    """The workers that have given a sign of life within a lease's time."""
    return Worker.objects.seen_since(
        timezone.now() - timedelta(seconds=getattr(settings, "FOUREYES_LEASE_SECONDS", 60))
    )


def suited(runs: RunQuerySet, *ables: Abilities) -> RunQuerySet:
    """Those of the runs that a process can go on with that has one of these abilities.

    Asked at every start, so Django need not put it together.
    """
    able_to_any = [able for able in ables if able.schemas and able.agents]
    if not able_to_any:
        return runs.none()
    fits = Q()
    for able in able_to_any:
        fits |= _fits(able)
    return runs.filter(fits)


def with_room() -> list[Abilities]:
    """What the workers can run that are up and have at least half of their places free; each ability once.

    Half, since of a busy worker a place is free for a moment after each run, and nothing is wrong with that.
    """
    workers = list(up()[:MANY])
    carried = carried_by(workers)
    roomy = [worker for worker in workers if carried.get(worker.name, 0) * 2 <= worker.places]
    return list({repr((worker.agents, worker.schemas)): _able(worker) for worker in roomy}.values())


def carried_by(workers: Iterable[Worker]) -> dict[str, int]:
    """How many runs each of the workers has at work, by its name."""
    running = Run.objects.filter(status=RunStatus.RUNNING, worker__in=[worker.name for worker in workers])
    return dict(running.order_by().values_list("worker").annotate(number=Count("pk")))


def is_stranded(run_id: UUID) -> bool:
    """Whether a queued run has waited long enough for a worker that can go on with it, and none is up."""
    run = Run.objects.filter(pk=run_id, status=RunStatus.QUEUED).first()
    if run is None or timezone.now() < run.queued_at + timedelta(seconds=settings.FOUREYES_WAIT_FOR_WORKER):
        return False
    return not _any_suits(up(), need_of(run))


def decline(run_id: UUID) -> None:
    """Let the clock soon announce a queued run again, which this worker cannot go on with."""
    soon = timezone.now() - UNANNOUNCED_AFTER + timedelta(seconds=2)
    Run.objects.filter(pk=run_id, status=RunStatus.QUEUED, announced_at__gt=soon).update(announced_at=soon)


def need_of(run: Run) -> Need:
    """What the run needs of its worker."""
    newest = run.checkpoints.order_by("-number").values_list("agent_version", "schema_version").first()
    return Need(run.agent, *(newest or ()))


def waits_for(run: Run) -> str:
    """What a queued run waits for that no worker offers, as a sentence; nothing where all is well."""
    if run.status != RunStatus.QUEUED:
        return ""
    workers, need = list(up()), need_of(run)
    if not workers:
        return "Waits for a worker; none is up"
    if _any_suits(workers, need):
        return ""
    count = f"{len(workers)} workers are" if len(workers) > 1 else "1 worker is"
    return f"Waits for a worker that {_wanted(workers, need)} ({count} up, none does)"


def require_not_older(able: Abilities) -> None:
    """Raises TooOld where open runs, or workers that are up, have states that this process cannot read."""
    open_runs = _with_needs(Run.objects.filter(status__in=RUN_OPEN)).exclude(needs_schema=None)
    unread = open_runs.exclude(needs_schema__in=able.schemas).count()
    newer = [worker.name for worker in up() if worker.schema_version not in able.schemas]
    if not unread and not newer:
        return
    why = f"{unread} open run(s) have states" if unread else f"the worker {newer[0]} writes states"
    raise TooOld(
        f"This worker is too old: {why} that its Agents SDK {able.sdk_version} cannot read. "
        "Deploy the newer release here, too; or set FOUREYES_ALLOW_MIXED_FLEET=1, and it takes only what it can read."
    )


def _fits(able: Abilities) -> Q:
    schemas, agents = sorted(able.schemas), [name for agent in able.agents.items() for name in agent]
    suited = SUITED.format(
        schemas=", ".join(["%s"] * len(schemas)), versions=", ".join(["(%s, %s)"] * len(able.agents))
    )
    return Q(RawSQL(suited, [*schemas, *agents], output_field=BooleanField()), agent__in=list(able.agents))


def _with_needs(runs: RunQuerySet) -> Any:
    newest = Checkpoint.objects.filter(run=OuterRef("pk")).order_by("-number")
    return runs.annotate(
        needs_version=Subquery(newest.values("agent_version")[:1]),
        needs_schema=Subquery(newest.values("schema_version")[:1]),
    )


def _able(worker: Worker) -> Abilities:
    return Abilities(worker.agents, frozenset(worker.schemas), worker.schema_version, worker.sdk_version)


def _any_suits(workers: Iterable[Worker], need: Need) -> bool:
    return any(_able(worker).suit(need) for worker in workers)


def _wanted(workers: list[Worker], need: Need) -> str:
    if _any_suits(workers, Need(need.agent, need.version)):
        return f"reads states of schema {need.schema}"
    return f"knows {need.agent}" + (f" version {need.version}" if need.version else "")
