"""Making what models, tools and people say fit for every database and for the book."""

from __future__ import annotations

import math
import re
from typing import Any

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""What PostgreSQL refuses in text and JSON, and UTF-8 cannot write: NUL and half of a character."""

DEEPEST = 200
"""How deep a value may be nested and still be shown."""


def storable(value: Any) -> Any:
    """The value as JSON that can be kept anywhere: what has no place in it becomes readable text.

    A tool's output must never be lost after its effect, so nothing is refused here.
    """
    if isinstance(value, str):
        return UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {storable(str(key)): storable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [storable(item) for item in value]
    return storable(str(value))


def is_deep(value: Any, most: int = DEEPEST) -> bool:
    """Whether lists and objects are nested more than ``most`` times; Pythons differ in how much they bear."""
    level, depth = [value], 0
    while level and depth <= most:
        depth += 1
        inside = [part for part in level if isinstance(part, dict | list | tuple)]
        level = [child for part in inside for child in (part.values() if isinstance(part, dict) else part)]
    return bool(level)
