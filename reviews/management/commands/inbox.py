"""The questions that wait for a human."""

from __future__ import annotations

import argparse
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandParser

from reviews import access, shapes
from reviews.actions import repeats
from reviews.management import lookup, text
from reviews.management.cli import Answer, DeskCommand, Misused, add_as
from reviews.models import Intervention, Queue
from reviews.models.intervention import InterventionQuerySet
from reviews.states import Kind, Risk

LIMIT, MOST = 100, 10_000
HEADS = ("ID", "DUE", "RISK", "QUEUE", "AGENT", "QUESTION", "CLAIMED BY")
SAME_NAME = {"agent": "run__agent", "tool": "tool", "kind": "kind", "queue": "queue__slug"}


class Command(DeskCommand):
    """Lists open questions, first due first."""

    help = "List the questions that wait for a human, first due first."

    def add_arguments(self, parser: CommandParser) -> None:
        add_as(parser, "show what this account may see; without it, everything")
        parser.add_argument("--queue", help="only this queue, by its short name")
        parser.add_argument("--risk", choices=[risk.name.lower() for risk in Risk])
        parser.add_argument("--kind", choices=Kind.values)
        parser.add_argument("--agent", help="only questions of this registered agent's runs")
        parser.add_argument("--tool", help="only calls of this tool")
        parser.add_argument("--mine", action="store_true", help="only what the account of --as has claimed")
        parser.add_argument("--unclaimed", action="store_true", help="only what nobody has claimed")
        parser.add_argument("--limit", type=_rows, default=LIMIT, help=f"rows at most (default: {LIMIT})")

    def answer(self, *, username: str | None, limit: int, as_json: bool, **wanted: Any) -> Answer:
        if wanted["mine"] and username is None:
            raise Misused("--mine needs to know whose: add --as USERNAME.")
        viewer = lookup.account(username)
        self._doubt_queue(viewer, wanted["queue"], as_json=as_json)
        waiting = _filtered(lookup.interventions(viewer), viewer, wanted)
        rows = list(waiting[:limit])
        left = waiting.count() - limit if len(rows) == limit else 0
        if left:
            self.note(f"{left} more wait; --limit {limit + left} shows them.", as_json=as_json)
        return Answer([shapes.intervention(row) for row in rows], _table(rows))

    def _doubt_queue(self, viewer: User | None, slug: str | None, *, as_json: bool) -> None:
        """Say so where the queue asked for is not among those in sight: it may be a slip of the pen."""
        queues = Queue.objects.all() if viewer is None else access.visible_queues(viewer)
        known = list(queues.values_list("slug", flat=True))
        if slug and slug not in known:
            self.note(
                f"No queue you may see is called {slug!r}. There is: {', '.join(known) or 'none'}.", as_json=as_json
            )


def _filtered(seen: Any, viewer: User | None, wanted: dict[str, Any]) -> InterventionQuerySet:
    rows: InterventionQuerySet = seen.open().for_inbox().select_related("tool_call")
    rows = rows.filter(**{field: wanted[name] for name, field in SAME_NAME.items() if wanted[name] is not None})
    if wanted["risk"]:
        rows = rows.filter(risk=Risk[wanted["risk"].upper()])
    if wanted["mine"]:
        rows = rows.filter(claimed_by=viewer)
    if wanted["unclaimed"]:
        rows = rows.filter(claimed_by=None)
    return rows


def _table(rows: list[Intervention]) -> str:
    if not rows:
        return "Nothing waits for you."
    return text.table(
        HEADS,
        [
            (
                text.short(row.pk),
                text.due(row.due_at),
                Risk(row.risk).label.lower(),
                row.queue.slug,
                row.run.agent,
                row.title + _remarks(row),
                row.claimed_by.get_username() if row.claimed_by else "",
            )
            for row in rows
        ],
    )


def _remarks(row: Intervention) -> str:
    rejected = f"rejected {repeats.times(row.rejections)} before" if row.rejections else ""
    remarks = ", ".join(filter(None, [rejected, row.progress]))
    return f" ({remarks})" if remarks else ""


def _rows(value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= MOST:
        raise argparse.ArgumentTypeError(f"{value!r} is not a number from 1 to {MOST}")
    return int(value)
