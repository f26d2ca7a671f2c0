"""One line of the audit log as a person reads it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from reviews.meanings import told, voted
from reviews.models import AuditEntry
from reviews.policies import show
from reviews.states import Kind, Verdict

TELLING = (
    *("fork_of", "retry_of", "checkpoint"),
    *("title", "question", "answer", "tool", "agent", "input", "note", "reason", "context", "code", "error"),
    *("result", "output", "why", "model", "name", "held_by", "to", "of", "was", "level", "until", "due_at"),
    *("worker", "policy", "version", "number", "format", "entries", "problem", "withheld"),
)
"""Keys of an entry's data that say most about it, in this order."""
BEFORE = {
    "fork_of": "from run",
    "retry_of": "retry of run",
    "checkpoint": "at checkpoint",
    "number": "checkpoint",
    "worker": "on",
    "held_by": "held by",
    "to": "to",
    "was": "was",
    "level": "level",
    "of": "of",
    "until": "until",
    "due_at": "due",
    "entries": "entries:",
    "format": "as",
}
"""Words that some values need in front of them to be understood."""
RUNS = ("fork_of", "retry_of")
"""Keys whose value is the id of a run."""
SHOWN = 3
LONGEST = 90
TONES = {  # the verb of an action → how its tag is coloured; one that is not here is idle
    "approve": "good",
    "edit": "good",
    "decided": "good",
    "answer": "good",
    "done": "good",
    "completed": "good",
    "override": "caution",
    "paused": "caution",
    "pause_requested": "caution",
    "finished_late": "caution",
    "deleted": "caution",
    "opened": "wait",
    "unknown": "wait",
    "worker_lost": "wait",
    "sent_again": "idle",
    "rotated": "caution",
    "removed": "caution",
    "tested": "idle",
    "back_tested": "idle",
    "given_up": "bad",
    "reject": "bad",
    "refused": "bad",
    "failed": "bad",
    "stopped": "bad",
    "escalated": "wait",
    "found": "bad",
    "cleared": "good",
    "reminded": "idle",
    "reviewers_added": "wait",
    "priority_raised": "wait",
    "webhook_owed": "idle",
    "overdue": "wait",
    "expiry_postponed": "idle",
    "kept_waiting": "wait",
    "no_target": "wait",
    "nobody_left": "wait",
    "replaced": "wait",
    "adopted": "idle",
    "late": "caution",
    "claimed": "busy",
    "assigned": "busy",
    "unassigned": "idle",
    "snoozed": "idle",
    "woken": "idle",
    "extended": "caution",
    "asked_back": "wait",
    "answered_back": "good",
    "ask_back_withdrawn": "idle",
    "ask_back_lapsed": "wait",
    "expired": "wait",
    "planned": "idle",
    "ended": "idle",
    "de_escalated": "idle",
    "voted": "busy",
    "votes_voided": "caution",
    "demand_raised": "caution",
    "submitted": "idle",
    "forked": "idle",
    "tried": "idle",
    "handed_back": "idle",
    "pruned": "idle",
    "started": "idle",
    "resumed": "idle",
    "continued": "idle",
    "checkpoint_saved": "idle",
    "released": "idle",
    "cancelled": "idle",
    "exported": "idle",
    "verified": "idle",
    "triggers_installed": "idle",
    "activated": "caution",
    "retired": "caution",
    "retirement_asked": "wait",
    "proposed": "wait",
    "drafted": "idle",
    "saved": "idle",
    "shadowed": "idle",
    "kept": "idle",
    "discarded": "idle",
    "added": "idle",
    "changed": "idle",
    "written": "caution",
    "enabled": "caution",
    "agreed": "caution",
    "turned_down": "idle",
}


@dataclass(frozen=True)
class Line:
    """An entry and what the list adds to it."""

    entry: AuditEntry
    detail: str
    tone: str

    @property
    def run(self) -> UUID | None:
        """The run it is about; None also where the id was tampered with."""
        return _uuid(self.entry.run)

    @property
    def intervention(self) -> UUID | None:
        """The question it is about, if it is about one."""
        kind, _, value = self.entry.subject.partition(":")
        return _uuid(value) if kind == "intervention" else None


def of(entry: AuditEntry) -> Line:
    """The entry with its most telling details and the tone of its action."""
    verb, data = entry.action.rpartition(".")[2], data_of(entry)
    meant = data.get("verdict") if verb == "voted" else verb
    ran_again = (data.get("kind"), meant) == (Kind.UNKNOWN_OUTCOME, Verdict.APPROVE)
    return Line(entry, detail(entry), "caution" if ran_again else TONES.get(verb, "idle"))


def data_of(entry: AuditEntry) -> dict[str, Any]:
    """Its data; nothing where it was damaged."""
    try:
        data = json.loads(entry.data)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def detail(entry: AuditEntry) -> str:
    """What its data says, in one line; data without a telling key, or damaged, is shown as it is."""
    data = data_of(entry)
    keys = [key for key in TELLING if data.get(key) not in (None, "", [], {})]
    said = _said(entry.action.rpartition(".")[2], data)
    parts = [said] if said else []
    parts += [f"{BEFORE.get(key, '')} {_value(key, data[key])}".strip() for key in keys[:SHOWN]]
    return " · ".join(parts) or ("" if entry.data == "{}" else _short(entry.data))


def _said(verb: str, data: dict[str, Any]) -> str:
    """What was said by a verdict or a vote, in the words of its kind."""
    kind = str(data.get("kind", ""))
    if verb != "voted":
        return told(kind, verb)
    verdict = str(data.get("verdict", ""))
    return voted(kind, verdict, "it") or verdict


def _value(key: str, value: Any) -> str:
    return str(value)[:8] if key in RUNS else _short(value)


def _short(value: Any) -> str:
    text = " ".join(show(value).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
