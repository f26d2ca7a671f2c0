"""What the commands have in common that do one thing to one question beside deciding it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from reviews import shapes
from reviews.management import describe, lookup
from reviews.management.cli import Answer, DeskCommand, add_as
from reviews.models import Intervention


class ActCommand(DeskCommand):
    """Does it in the name of one account, by the same verb as the page, and prints the question as it is then."""

    def add_arguments(self, parser: CommandParser) -> None:
        """The question, and in whose name."""
        parser.add_argument("id", help="of the question; its first characters will do")
        add_as(parser, "the account that does it", required=True)

    def act(self, *args: Any, **said: Any) -> None:
        """Call the verb on a question, in somebody's name. May raise what it raises."""
        raise NotImplementedError

    def answer(self, *, id: str, username: str, **said: Any) -> Answer:
        """Find the question as that account sees it, do it, and show it anew."""
        person = lookup.account(username)
        assert person is not None  # --as is required
        question = lookup.one(id, lookup.interventions(person))
        self.act(question, person, **said)
        shape = shapes.intervention_in_full(Intervention.objects.get(pk=question.pk), person)
        return Answer(shape, describe.question(shape))
