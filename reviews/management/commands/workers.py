"""The workers that are up, and what each can run."""

from __future__ import annotations

from typing import Any

from reviews.actions import fleet
from reviews.management.cli import Answer, DeskCommand
from reviews.models import Worker


class Command(DeskCommand):
    """Lists what announces itself."""

    help = "List the worker processes that are up, with their versions and agents."

    def answer(self, **_: Any) -> Answer:
        workers = list(fleet.up())
        lines = [_line(worker) for worker in workers]
        return Answer([_shape(worker) for worker in workers], "\n".join(lines) or "No worker is up.")


def _shape(worker: Worker) -> dict[str, Any]:
    fields = ("name", "places", "sdk_version", "schema_version", "agents")
    moments = {"started_at": worker.started_at.isoformat(), "seen_at": worker.seen_at.isoformat()}
    return {field: getattr(worker, field) for field in fields} | moments


def _line(worker: Worker) -> str:
    agents = ", ".join(f"{slug} {version}" for slug, version in sorted(worker.agents.items()))
    places = f"{worker.places} place" + ("s" if worker.places != 1 else "")
    return f"{worker.name}  {places}  SDK {worker.sdk_version} (schema {worker.schema_version})  {agents}"
