"""The audit log follows from itself."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from reviews import audit
from reviews.actions.assertions.fault import LIMIT, Fault
from reviews.models.finding import Alarm

NEWEST = 1000
"""Entries of the audit log that each round reads again."""


def broken(now: datetime, known: Collection[str]) -> list[Fault]:
    """The newest entries hold, and so do those found broken before: they do not heal by growing old."""
    looked = [audit.verify_newest(NEWEST), *(audit.verify_entry(int(seq)) for seq in sorted(known))]
    problems = {found.seq: found.problem for found in looked if isinstance(found, audit.Broken)}
    return [
        Fault(Alarm.BROKEN_BOOK, f"entry:{seq}", f"{problem[:1].upper()}{problem[1:]}")
        for seq, problem in list(problems.items())[:LIMIT]
    ]
