"""A question given to somebody, or back to its queue."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandParser

from reviews.actions import assignments
from reviews.management import lookup
from reviews.management.acts import ActCommand
from reviews.models import Intervention

NOBODY = "-"


class Command(ActCommand):
    """Assigns, moves or unassigns."""

    help = "Assign a question to somebody, move it to somebody else, or give it back to its queue."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("to", metavar="USERNAME", help=f"who gets it; {NOBODY} gives it back to the queue")

    def act(self, question: Intervention, by: User, *, to: str, **_: Any) -> None:
        """Managers move what is somebody's; an unassigned one is assigned."""
        if to == NOBODY:
            assignments.unassign(question.pk, by=by)
            return
        person = lookup.account(to)
        assert person is not None
        verb = assignments.assign if question.assignee_id is None else assignments.reassign
        verb(question.pk, to=person, by=by)
