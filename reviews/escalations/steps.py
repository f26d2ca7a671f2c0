"""Reading the steps of an escalation policy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from reviews.escalations.durations import duration
from reviews.escalations.errors import kept, number
from reviews.escalations.policy import CONDITIONS, DEFAULT_TO, Step

DEEDS = ("remind", "notify", "add_reviewers", "reassign", "raise_priority", "escalate", "webhook")
ADDRESSED = frozenset({"remind", "notify", "add_reviewers", "reassign", "escalate"})
"""What is done to people: it needs somebody there."""
TARGET = re.compile(r"^(reviewers|holder|managers|group:.{1,150}|user:.{1,150})$")
MOST_STEPS, MOST_TARGETS, HIGHEST_LEVEL = 20, 10, 9


def read(value: Any, errors: dict[str, str]) -> tuple[Step, ...]:
    """The steps; what is wrong with them is added to ``errors`` by key."""
    if not isinstance(value, list) or len(value) > MOST_STEPS:
        errors["steps"] = f"Write a list of at most {MOST_STEPS} steps."
        return ()
    return tuple(_step(nth, said, errors) for nth, said in enumerate(value, 1))


def _step(nth: int, said: Any, errors: dict[str, str]) -> Step:
    here = f"steps.{nth}"
    if not isinstance(said, Mapping) or said.get("do") not in DEEDS:
        errors[f"{here}.do"] = f"Write one of {', '.join(DEEDS)}."
        return Step("remind")
    do = str(said["do"])
    if unknown := {str(key) for key in said} - {"at", "do", "only_if", "to", "level"}:
        errors[here] = f"A step knows no {', '.join(sorted(unknown))}."
    at, percent = _moment(said.get("at"), f"{here}.at", errors)
    only_if = said.get("only_if", "undecided")
    if only_if not in CONDITIONS:
        errors[f"{here}.only_if"] = f"Write one of {', '.join(CONDITIONS)}."
    return Step(do, at, percent, only_if, _targets(do, said.get("to"), here, errors), _level(do, said, here, errors))


def _moment(value: Any, key: str, errors: dict[str, str]) -> tuple[int | None, int | None]:
    if isinstance(value, str) and value.strip().endswith("%"):
        digits = value.strip()[:-1].strip()
        if digits.isdecimal() and 1 <= int(digits) <= 1000:
            return None, int(digits)
        errors[key] = "Write a percentage from 1% to 1000% of the time to answer."
        return None, None
    return kept(errors, key, duration, value), None


def _targets(do: str, value: Any, here: str, errors: dict[str, str]) -> tuple[str, ...]:
    if value is None and do in DEFAULT_TO:
        return DEFAULT_TO[do]
    if do not in ADDRESSED:
        if value:
            errors[f"{here}.to"] = f"{do} is addressed to nobody."
        return ()
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_TARGETS:
        errors[f"{here}.to"] = f"Say to whom: one to {MOST_TARGETS} of reviewers, holder, managers, group:…, user:…."
        return ()
    if wrong := [str(target) for target in listed if not (isinstance(target, str) and TARGET.match(target))]:
        errors[f"{here}.to"] = f"{wrong[0]!r} names nobody: write reviewers, holder, managers, group:… or user:…."
        return ()
    return tuple(dict.fromkeys(listed))


def _level(do: str, said: Mapping[str, Any], here: str, errors: dict[str, str]) -> int | None:
    if do != "escalate":
        if said.get("level") is not None:
            errors[f"{here}.level"] = "Only escalate has a level."
        return None
    reader = number(2, HIGHEST_LEVEL)  # level 1 is the queue itself
    found: int | None = kept(errors, f"{here}.level", reader, said.get("level"))
    return found
