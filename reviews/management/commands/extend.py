"""More time for a question."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandParser

from reviews.actions import holding
from reviews.management.acts import ActCommand
from reviews.models import Intervention


class Command(ActCommand):
    """Puts off the due time."""

    help = "Give a question more time, for a reason; never past its expiry."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("minutes", type=int)
        parser.add_argument("--reason", required=True, metavar="TEXT", help="why, for colleagues and the record")

    def act(self, question: Intervention, by: User, *, minutes: int, reason: str, **_: Any) -> None:
        """By so many minutes."""
        holding.extend(question.pk, seconds=60 * minutes, reason=reason, by=by)
