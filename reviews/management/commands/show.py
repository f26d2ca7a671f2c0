"""One run or one question, with all that happened."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.db.models import QuerySet

from reviews import shapes
from reviews.management import describe, lookup
from reviews.management.cli import Answer, DeskCommand, add_as
from reviews.models import Intervention


class Command(DeskCommand):
    """Shows whatever has that id."""

    help = "Show a run or a question, by its id or the start of it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", help="of a run or a question; its first characters will do")
        add_as(parser, "show what this account may see; without it, everything")

    def answer(self, *, id: str, username: str | None, **_: Any) -> Answer:
        viewer = lookup.account(username)
        shelves: list[QuerySet[Any]] = [lookup.runs(viewer), lookup.interventions(viewer)]
        row = lookup.one(id, *shelves)
        if isinstance(row, Intervention):
            question = shapes.intervention_in_full(row, viewer)
            return Answer(question, describe.question(question))
        run = shapes.run_in_full(row, viewer)
        return Answer(run, describe.run(run))
