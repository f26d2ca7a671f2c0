"""Values as people read them: ids, initials, JSON, lengths of time and time left."""

import json
from datetime import timedelta
from uuid import UUID

from django import template

from reviews import policies
from reviews.actions.text import is_deep

register = template.Library()

MINUTE, HOUR, DAY = 60, 3600, 86400
LONGEST = 4000
TOO_DEEP = "(nested too deeply to be shown)"


def remaining(seconds: int) -> str:
    """Return time left as on a clock: 07:42, 1:30:59, 3 d 4 h; a late time carries a minus. sla.js says the same."""
    left, sign = abs(seconds), "−" if seconds < 0 else ""
    if left >= 2 * DAY:
        return f"{sign}{left // DAY} d {left // HOUR % 24} h"
    hours = f"{left // HOUR}:" if left >= HOUR else ""
    return f"{sign}{hours}{left // MINUTE % 60:02}:{left % 60:02}"


def pace(seconds: int) -> str:
    """Return how pressing a deadline is: late, close (10 minutes), soon (30 minutes) or ok."""
    if seconds < 0:
        return "late"
    if seconds < 10 * MINUTE:
        return "close"
    return "soon" if seconds < 30 * MINUTE else "ok"


@register.filter
def place(key: str) -> str:
    """Return where something is wrong, counted from 1: "rules.0.due_in" → Rule 1, due in."""
    return policies.place(key).replace("_", " ")


@register.filter
def initials(name: str) -> str:
    """Return one or two capitals: "Anna Svensson" → AS, "alice" → AL."""
    words = name.replace(".", " ").replace("_", " ").replace("-", " ").split()
    letters = [word[0] for word in (words[0], words[-1])] if len(words) > 1 else list("".join(words)[:2])
    return "".join(letters).upper() or "?"


@register.filter
def short_id(value: UUID | str) -> str:
    """Return the first eight characters of an id, enough to recognise it by."""
    return str(value)[:8]


@register.filter
def pretty(value: object) -> str:
    """Return JSON indented for reading; text that is no JSON comes back as it is."""
    if not isinstance(value, str):
        return _indented(value)
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return value if is_deep(read) else _indented(read)


@register.filter
def cut(text: str) -> str:
    """Return the beginning of a long text, and how much is left out."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} … ({len(text) - LONGEST:,} more characters)"


@register.filter
def plain(value: object) -> str:
    """Return one value of a proposal as a reader expects it: text bare, yes and no, the rest as JSON."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    return _indented(value)


def _indented(value: object) -> str:
    if isinstance(value, str):
        return value
    return TOO_DEEP if is_deep(value) else json.dumps(value, indent=2, ensure_ascii=False, default=str)


@register.filter
def duration(value: timedelta | float | None) -> str:
    """Return a length of time (seconds or a timedelta) in one or two units: 340 ms, 4.1 s, 12 min, 2 h 5 min."""
    if value is None:
        return ""
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if seconds < 1:
        return f"{max(0, round(seconds * 1000))} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for unit, name, smaller, small_name in ((DAY, "d", HOUR, "h"), (HOUR, "h", MINUTE, "min")):
        if whole >= unit:
            rest = whole % unit // smaller
            return f"{whole // unit} {name}" + (f" {rest} {small_name}" if rest else "")
    return f"{whole // MINUTE} min" if whole >= MINUTE else f"{whole} s"
