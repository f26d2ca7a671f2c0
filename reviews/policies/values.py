"""Finding values in what a call carries, comparing them, and writing them as people read them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

EVERY = "*"
"""The step of a path that looks at each element of a list."""
STEP = r"(?:[\w-]+|\*|\"(?:[^\"\\]|\\.)+\")"
PATH = re.compile(rf"{STEP}(?:\.{STEP})*")
LONGEST = 200
"""Characters of a value that are quoted."""
UNTOLD = "too long or too deep to show"


def steps(path: str) -> tuple[str, ...]:
    """The keys a path is made of; one in quotes may hold any character. Raises ValueError where it is no path."""
    if not PATH.fullmatch(path):
        raise ValueError(f"{path!r} is no path")
    return tuple(json.loads(step) if step.startswith('"') else step for step in re.findall(STEP, path))


def dig(value: Any, path: tuple[str, ...]) -> Iterator[tuple[bool, Any]]:
    """Every value that a path leads to, and whether it is there; several, or none, only where a step is a star."""
    for at, step in enumerate(path):
        if isinstance(value, Mapping) and step in value:
            value = value[step]
        elif step == EVERY and isinstance(value, list):
            for item in value:
                yield from dig(item, path[at + 1 :])
            return
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            yield False, None
            return
    yield True, value


def sort(value: Any) -> str:
    """The sort of a value, of which only like and like are compared."""
    if isinstance(value, bool):
        return "yes or no"
    if isinstance(value, (int, float)):
        return "number"
    return "text" if isinstance(value, str) else type(value).__name__


def is_like(actual: Any, value: Any) -> bool:
    """Whether it can be told if the two are equal: null is like anything, what is not a number is like nothing."""
    if actual != actual or value != value:
        return False
    return actual is None or value is None or sort(actual) == sort(value)


def show(value: Any) -> str:
    """A value as a person reads it: grouped digits, two decimals, plain words."""
    try:
        return _shown(value)
    except (ValueError, RecursionError):
        return UNTOLD


def quote(value: Any) -> str:
    """The same, cut where it is long."""
    text = show(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _shown(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        rounded = f"{value:,.2f}"
        return rounded if float(rounded.replace(",", "")) == value else repr(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
