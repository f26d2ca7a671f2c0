"""A question put aside for a while."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandParser
from django.utils import timezone

from reviews.actions import holding
from reviews.management.acts import ActCommand
from reviews.management.cli import Misused
from reviews.models import Intervention

LONGEST = 100_000


class Command(ActCommand):
    """Snoozes and wakes."""

    help = "Put a question aside for some minutes; its clock goes on. 0 brings it back."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("minutes", type=int)

    def act(self, question: Intervention, by: User, *, minutes: int, **_: Any) -> None:
        """Until then, or now."""
        if not 0 <= minutes <= LONGEST:
            raise Misused(f"Give the minutes as a number from 0 to {LONGEST:,}.")
        if minutes:
            holding.snooze(question.pk, until=timezone.now() + timedelta(minutes=minutes), by=by)
        else:
            holding.unsnooze(question.pk, by=by)
