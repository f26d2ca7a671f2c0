"""The agents that may be started."""

from __future__ import annotations

from typing import Any

from reviews import catalog, shapes
from reviews.management import text
from reviews.management.cli import Answer, DeskCommand


class Command(DeskCommand):
    """Lists the registered agents."""

    help = "List the registered agents."

    def answer(self, **_: Any) -> Answer:
        cards = catalog.all_cards()
        rows = [(card.slug, card.version, card.queue, ", ".join(card.tools), card.title) for card in cards]
        table = text.table(("AGENT", "VERSION", "QUEUE", "TOOLS", "TITLE"), rows)
        return Answer([shapes.agent(card) for card in cards], table if cards else "No agent is registered.")
