"""Plain text for people: tables that fit the terminal, and nothing an agent wrote can steer it."""

from __future__ import annotations

import json
import shutil
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from reviews.models.run import as_text

GAP = "  "
NARROWEST = 8
MOST_LINES = 40


def visible(text: str) -> str:
    """The text with every invisible or steering character but the line break made visible."""
    return "".join("\N{REPLACEMENT CHARACTER}" if _steers(char) else char for char in text.replace("\t", "    "))


def one_line(value: Any) -> str:
    """Any value in one line."""
    told = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else as_text(value)
    return visible(" ".join(told.split()))


def block(value: Any) -> str:
    """Any value on indented lines of its own; the end of a very long one is left out."""
    lines = [part for line in visible(as_text(value)).splitlines() for part in _wrapped(line, len(GAP))]
    more = [f"… {len(lines) - MOST_LINES} more lines; --json has them all"] if len(lines) > MOST_LINES else []
    return "\n".join(GAP + line for line in [*(lines or ["(nothing)"])[:MOST_LINES], *more])


def fields(pairs: Iterable[tuple[str, Any]]) -> str:
    """Aligned ``name  value`` lines; those without a value are left out."""
    told = [(name, one_line(value)) for name, value in pairs if value not in (None, "", [])]
    wide = max((len(name) for name, _ in told), default=0) + len(GAP)
    return "\n".join(f"{name:<{wide}}" + f"\n{'':<{wide}}".join(_wrapped(value, wide)) for name, value in told)


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Aligned columns; where the terminal is too narrow the widest ones are cut."""
    cells = [list(heads), *([one_line(value) for value in row] for row in rows)]
    widths = _fitted([max(map(_width, column)) for column in zip(*cells, strict=True)])
    return "\n".join(
        GAP.join(_padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def short(id: Any) -> str:
    """The start of an id, enough to name it."""
    return str(id)[:8]


def due(at: datetime) -> str:
    """How long until that moment, or how late it is."""
    minutes = round((at - timezone.now()).total_seconds() / 60)
    amount = abs(minutes)
    span = f"{amount} min" if amount < 120 else f"{amount // 60} h" if amount < 2880 else f"{amount // 1440} days"
    return f"in {span}" if minutes >= 0 else f"{span} late"


def clock(moment: str | None) -> str:
    """A moment of a shape, to the second."""
    return f"{moment[:10]} {moment[11:19]} UTC" if moment else ""


def sections(*parts: str) -> str:
    """The parts that say something, an empty line between them."""
    return "\n\n".join(part for part in parts if part)


def titled(title: str, body: str) -> str:
    """A title over a body, or nothing where there is no body."""
    return f"{title}\n{body}" if body else ""


def _steers(char: str) -> bool:
    return char != "\n" and unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _terminal() -> int:
    return max(shutil.get_terminal_size((120, 24)).columns, 40)


def _wrapped(line: str, indent: int) -> list[str]:
    return textwrap.wrap(line, _terminal() - indent, replace_whitespace=False) or [""]


def _fitted(widths: list[int]) -> list[int]:
    room = _terminal() - len(GAP) * (len(widths) - 1)
    while sum(widths) > room and max(widths) > NARROWEST:
        widest = widths.index(max(widths))
        widths[widest] -= 1
    return widths


def _width(text: str) -> int:
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    """Places a character takes in a terminal: none for a combining one, two for a wide one."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _cut(text: str, width: int) -> str:
    if _width(text) <= width:
        return text
    kept, room = "", width - 1
    for char in text:
        room -= _columns(char)
        if room < 0:
            break
        kept += char
    return kept.rstrip() + "…"


def _padded(text: str, width: int) -> str:
    cut = _cut(text, width)
    return cut + " " * (width - _width(cut))
