"""Text that came from models, tools and strangers, made fit to be shown: read, written and cut without a fall."""

from __future__ import annotations

import json
from typing import Any

from reviews.actions.text import is_deep

LONGEST = 4000
"""Characters shown of one text; whoever needs the rest asks for the run on the command line."""
TOO_DEEP = "(nested too deeply to be shown)"


def read(text: str) -> Any:
    """The value of JSON text; any other text is its own value."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def written(value: Any, indent: int | None = None) -> str:
    """Text as it is, all else as JSON."""
    if isinstance(value, str):
        return value
    return TOO_DEEP if is_deep(value) else json.dumps(value, indent=indent, ensure_ascii=False, default=str)


def cut(text: str) -> str:
    """The beginning of a long text, and how much is left out."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} … ({len(text) - LONGEST:,} more characters)"


def number(text: str) -> int:
    """The sequence number with which a mark in an address begins; nonsense, or one beyond reach, is 0."""
    text = text.partition(".")[0]
    return int(text) if text.isdecimal() and len(text) <= 18 else 0
