"""Removing at once the checkpoints that nobody needs any more."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from reviews.actions import checkpoints
from reviews.actors import SYSTEM
from reviews.management.cli import Answer, DeskCommand, Misused

MOST_DAYS = 36_500


class Command(DeskCommand):
    """Does in one go, round by round, what the clock does every few minutes."""

    help = "Remove checkpoints of runs that ended long ago; the newest and those a question hangs on stay."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, help="since the run ended (default: FOUREYES_CHECKPOINT_DAYS)")

    def answer(self, *, days: int | None, **_: Any) -> Answer:
        days = days if days is not None else getattr(settings, "FOUREYES_CHECKPOINT_DAYS", None)
        if days is None:
            raise Misused("Say --days, or set FOUREYES_CHECKPOINT_DAYS: without either, checkpoints are kept.")
        if not 1 <= days <= MOST_DAYS:
            raise Misused(f"--days {days} is not between 1 and {MOST_DAYS}.")
        removed = 0
        while in_this_round := checkpoints.prune(days=days, by=SYSTEM):
            removed += in_this_round
        told = f"Removed {removed:,} checkpoints of runs that ended over {days:,} days ago."
        return Answer({"removed": removed, "days": days}, told)
