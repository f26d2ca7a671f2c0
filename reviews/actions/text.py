"""Making what models, tools and people say fit for every database and for the book."""

from __future__ import annotations

import math
import re
import sys
from typing import Any

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""What PostgreSQL refuses in text and JSON, and UTF-8 cannot write: NUL and half of a character."""

DEEPEST = 200
"""How deep a value may be nested and still be shown."""


BIGGEST = 10**sys.int_info.default_max_str_digits
"""From here on Python refuses to write a whole number in digits, and to read one."""

CUT = f"Left out: what is nested more than {DEEPEST} times."


def storable(value: Any, levels: int = DEEPEST) -> Any:
    """The value as JSON that can be kept anywhere: what has no place in it becomes readable text.

    A tool's output must never be lost after its effect, so nothing is refused here.
    """
    if isinstance(value, str):
        return UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    if value is None or isinstance(value, int):
        return value if value is None or abs(value) < BIGGEST else hex(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if not isinstance(value, dict | list | tuple):
        return _words(value)
    if levels == 0:
        return CUT
    if isinstance(value, dict):
        return {_key(key): storable(item, levels - 1) for key, item in value.items()}
    return [storable(item, levels - 1) for item in value]


def _key(key: Any) -> str:
    return _words(hex(key) if isinstance(key, int) and abs(key) >= BIGGEST else key)


def _words(value: Any) -> str:
    try:
        return UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", str(value))
    except Exception as error:  # an object is free to fail at telling what it is
        return f"Unreadable: {type(value).__name__}, whose text raises {type(error).__name__}."


def is_deep(value: Any, most: int = DEEPEST) -> bool:
    """Whether lists and objects are nested more than ``most`` times; Pythons differ in how much they bear."""
    level, depth = [value], 0
    while level and depth <= most:
        depth += 1
        inside = [part for part in level if isinstance(part, dict | list | tuple)]
        level = [child for part in inside for child in (part.values() if isinstance(part, dict) else part)]
    return bool(level)
