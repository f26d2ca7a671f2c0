"""A new run of an agent."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from reviews import shapes
from reviews.actions import runs
from reviews.management import describe, lookup, text
from reviews.management.cli import Answer, DeskCommand, Misused, Refused, add_as
from reviews.models import Run
from reviews.shapes import Shape
from reviews.states import RunStatus

TIMEOUT = 300.0
POLLS = (0.1, 0.2, 0.4, 1.0)
"""Seconds between two looks; the last one is kept."""
MOVING = frozenset({RunStatus.QUEUED, RunStatus.RUNNING})
FAILED = frozenset({RunStatus.FAILED, RunStatus.CANCELLED})


class Command(DeskCommand):
    """Queues a run and, if asked, waits until it needs a human or has ended."""

    help = "Start a run of a registered agent."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("agent", help="short name of the agent; manage.py agents lists them")
        parser.add_argument("input", help="what it should do")
        add_as(parser, "start it as this account; without it, as the system")
        parser.add_argument(
            "--wait", action="store_true", help="until the run has ended, waits for review, or is paused"
        )
        parser.add_argument(
            "--timeout", type=_seconds, metavar="SECONDS", help=f"stop waiting after this long (default: {TIMEOUT:.0f})"
        )

    def answer(
        self,
        *,
        agent: str,
        input: str,
        username: str | None,
        wait: bool,
        timeout: float | None,
        as_json: bool,
        **_: Any,
    ) -> Answer:
        if timeout is not None and not wait:
            raise Misused("--timeout goes with --wait.")
        run = runs.submit(agent, input, by=lookup.account(username))
        if not wait:
            shape = _shape(run.pk)
            return Answer(shape, f"Queued run {run.pk}.\nFollow it with: manage.py show {text.short(run.pk)}")
        for status in _statuses(run.pk, TIMEOUT if timeout is None else timeout):
            if not as_json:
                self.note(
                    f"{RunStatus(status).label} …" if status in MOVING else RunStatus(status).label, as_json=False
                )
        return _outcome(_shape(run.pk))


def _statuses(run_id: UUID, timeout: float) -> Iterator[str]:
    """Each new status of the run, up to one in which no worker moves it. Raises Refused when time is up."""
    started, known, looks = time.monotonic(), "", 0
    while known in MOVING or not known:
        status = Run.objects.values_list("status", flat=True).get(pk=run_id)
        if status != known:
            known = status
            yield known
            continue
        left = started + timeout - time.monotonic()
        if left <= 0:
            why = "No worker has taken it: is one running?" if known == RunStatus.QUEUED else "It goes on without you."
            message = f"Run {run_id} is still {RunStatus(known).label.lower()} after {timeout:g} seconds. {why}"
            raise Refused(message, code="timeout", run=_shape(run_id))
        time.sleep(min(POLLS[min(looks, len(POLLS) - 1)], left))
        looks += 1


def _outcome(shape: Shape) -> Answer:
    if shape["status"] in FAILED:
        why = shape["error"] or "Somebody stopped it."
        raise Refused(f"Run {shape['id']} {_ended(shape)}: {why}", code=f"run_{_ended(shape)}", run=shape)
    result = text.titled("Result", text.block(shape["result"]) if shape["result"] is not None else "")
    asked = text.titled("Questions", describe.questions(shape["interventions"]))
    return Answer(shape, text.sections(describe.summary(shape), result, asked))


def _ended(shape: Shape) -> str:
    return "failed" if shape["status"] == RunStatus.FAILED else "stopped"


def _shape(run_id: UUID) -> Shape:
    run = Run.objects.select_related("queue", "started_by").get(pk=run_id)
    asked = run.interventions.select_related("run", "queue", "claimed_by", "tool_call").order_by("created_at", "id")
    return shapes.run(run) | {"interventions": [shapes.intervention(row) for row in asked[: shapes.MOST]]}


def _seconds(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number < 0:
        raise argparse.ArgumentTypeError(f"{value!r} is not a number of seconds")
    return number
