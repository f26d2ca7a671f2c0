"""A question taken one level up, or down."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandParser

from reviews.actions import assignments
from reviews.management.acts import ActCommand
from reviews.models import Intervention


class Command(ActCommand):
    """Escalates; a manager brings down."""

    help = "Take a question one level up, or as a manager of its queue one level down."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--reason", required=True, metavar="TEXT", help="why, for colleagues and the record")
        parser.add_argument("--down", action="store_true", help="bring it one level down instead")

    def act(self, question: Intervention, by: User, *, reason: str, down: bool, **_: Any) -> None:
        """One level."""
        verb = assignments.de_escalate if down else assignments.escalate
        verb(question.pk, by=by, reason=reason)
