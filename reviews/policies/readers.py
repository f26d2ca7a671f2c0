"""Reading the values of a rule's keys, as they are written in code, in files and in the browser."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reviews.policies.conditions import Condition, read_condition
from reviews.states import Kind, Risk, Ruling, Verdict

RULINGS = {"ask": Ruling.ASKED, "allow": Ruling.LET_THROUGH, "refuse": Ruling.REFUSED}
NOT_BY = ("requester", "agent_owner", "earlier_voters")
"""Who may be kept from deciding: who asked for the run, who owns the agent, who decided before in the same run."""
REJECTING = ("any", "majority")
"""When a question is rejected: by the first who rejects, or by the majority of those who may vote."""
MOST_APPROVALS, MOST_CONDITIONS, MOST_WORDS, LONGEST = 10, 20, 20, 500


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("write a text")
    return value


def _short_text(value: Any) -> str:
    if len(_text(value)) > LONGEST:
        raise ValueError(f"write at most {LONGEST} characters")
    return _text(value)


def _seconds(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise ValueError("write a number of seconds above 0")
    if value > 366 * 86400:
        raise ValueError("write at most a year of seconds")
    return value


def _approvals(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_APPROVALS:
        raise ValueError(f"write a number from 1 to {MOST_APPROVALS}")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("write True or False")
    return value


def _one_of(choices: Mapping[str, Any]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, str) or value.lower() not in choices:
            raise ValueError(f"write one of {', '.join(choices)}")
        return choices[value.lower()]

    return read


def _verdicts(value: Any) -> tuple[Verdict, ...]:
    if isinstance(value, str) or not value:
        raise ValueError("write a list of verdicts")
    read = _one_of({str(verdict): verdict for verdict in Verdict})
    return tuple(read(verdict) for verdict in value)


def _words(value: Any) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(word, str) and word.strip() for word in value):
        raise ValueError("write a list of texts")
    if len(value) > MOST_WORDS:
        raise ValueError(f"write at most {MOST_WORDS}")
    return tuple(_short_text(word.strip()) for word in value)


def _not_by(value: Any) -> tuple[str, ...]:
    read = _one_of({name: name for name in NOT_BY})
    return tuple(read(word) for word in _words(value))


def _conditions(value: Any) -> tuple[Condition, ...]:
    if isinstance(value, (str, Mapping)):
        return (read_condition(value),) if value else _conditions(None)
    if not isinstance(value, (list, tuple)):
        raise ValueError("write a text, or a list of conditions")
    if len(value) > MOST_CONDITIONS:
        raise ValueError(f"write at most {MOST_CONDITIONS} conditions")
    return tuple(read_condition(item) for item in value)


READERS: dict[str, Callable[[Any], Any]] = {
    "tool": _text,
    "ruling": _one_of(RULINGS),
    "when": _conditions,
    "agent": _text,
    "kind": _one_of({"*": "*"} | {str(kind): str(kind) for kind in Kind}),
    "name": _text,
    "title": _text,
    "risk": _one_of({risk.name.lower(): risk for risk in Risk}),
    "due_in": _seconds,
    "reason_required": _flag,
    "verdicts": _verdicts,
    "queue": _short_text,
    "approvals": _approvals,
    "groups": _words,
    "not_by": _not_by,
    "rejecting": _one_of({name: name for name in REJECTING}),
    "escalation": _short_text,
    "presets": _words,
}
"""Every key of a rule, and how its value is read; each raises ValueError or TypeError with what to write instead."""
