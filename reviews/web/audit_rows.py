"""One line of the audit log as a person reads it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from reviews.models import AuditEntry
from reviews.policies import show

TELLING = (
    *("title", "tool", "agent", "input", "note", "reason", "context", "code", "error", "result", "output", "why"),
    *("model", "name", "held_by", "worker", "number", "format", "entries", "problem"),
)
"""Keys of an entry's data that say most about it, in this order."""
BEFORE = {"number": "checkpoint", "worker": "on", "held_by": "held by", "entries": "entries:", "format": "as"}
"""Words that some values need in front of them to be understood."""
SHOWN = 3
LONGEST = 90
TONES = {
    "approve": "good",
    "edit": "good",
    "answer": "good",
    "done": "good",
    "completed": "good",
    "override": "caution",
    "paused": "caution",
    "deleted": "caution",
    "opened": "wait",
    "worker_lost": "wait",
    "reject": "bad",
    "refused": "bad",
    "failed": "bad",
    "stopped": "bad",
    "claimed": "busy",
}


@dataclass(frozen=True)
class Line:
    """An entry and what the list adds to it."""

    entry: AuditEntry
    detail: str
    tone: str

    @property
    def intervention(self) -> str:
        """The id of the question it is about, if it is about one."""
        kind, _, value = self.entry.subject.partition(":")
        return value if kind == "intervention" else ""


def of(entry: AuditEntry) -> Line:
    """The entry with its most telling details and the tone of its action."""
    return Line(entry, detail(entry.data), TONES.get(entry.action.rpartition(".")[2], "idle"))


def detail(text: str) -> str:
    """What an entry's data says, in one line; damaged data is shown as it is."""
    try:
        data = json.loads(text)
    except ValueError:
        return text[:LONGEST]
    if not isinstance(data, dict):
        return _short(data)
    told = [key for key in TELLING if data.get(key) not in (None, "", [], {})]
    return " · ".join(f"{BEFORE.get(key, '')} {_short(data[key])}".strip() for key in told[:SHOWN])


def _short(value: Any) -> str:
    text = " ".join(show(value).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
