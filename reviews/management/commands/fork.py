"""A new run that goes on from a checkpoint of another."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from reviews import shapes
from reviews.actions import forks
from reviews.management import lookup, text
from reviews.management.cli import Answer, DeskCommand, Refused, add_as
from reviews.models import Checkpoint, Run


class Command(DeskCommand):
    """Runs again from a checkpoint, by the same verb as the page."""

    help = "Run again from a checkpoint: a new run goes on from there, and its effects are new ones."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", help="of the run; its first characters will do")
        parser.add_argument("--checkpoint", type=int, metavar="N", help="its number; the newest where it is left out")
        add_as(parser, "the account that starts the new run", required=True)

    def answer(self, *, id: str, checkpoint: int | None, username: str, **_: Any) -> Answer:
        person = lookup.account(username)
        assert person is not None  # --as is required
        old = lookup.one(id, lookup.runs(person))
        run = forks.fork(_chosen(old, checkpoint).pk, by=person)
        shape = shapes.run(Run.objects.select_related("queue", "started_by").get(pk=run.pk))
        origin = f"checkpoint {run.forked_at} of run {text.short(old.pk)}"
        follow = f"Follow it with: manage.py show {text.short(run.pk)}"
        return Answer(shape, f"Queued run {run.pk}, which goes on from {origin}.\n{follow}")


def _chosen(run: Run, number: int | None) -> Checkpoint:
    saved = run.checkpoints.defer("state").order_by("-number")
    found = saved.first() if number is None else saved.filter(number=number).first()
    if found is None:
        kept = ", ".join(str(one.number) for one in reversed(saved)) or "none"
        which = "has no checkpoint" if number is None else f"has no checkpoint {number}"
        raise Refused(f"Run {run.pk} {which}. It has: {kept}.", code="not_found")
    return found
