"""What an edit changes: place by place for people who think in fields, line by line for those who think in text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Any

from reviews.policies import show
from reviews.web import texts
from reviews.web.matching import Effort

WORD = re.compile(r"\w+(?:\.\w+)*|\s+|[^\w\s]")
NOTHING = object()
SIMILAR = 0.3
"""How alike two replaced lines must be before single words are marked in them."""
MOST_LINES = 2000
FIRST_LINES = 60
LONGEST = 120
"""Characters of a value up to which before and after are shown beside each other."""
LINE_END = re.compile(r"(?<!\\)((?:\\\\)*)\\n")
Piece = tuple[str, bool]


@dataclass(frozen=True)
class Change:
    """One place that differs; ``kind`` is changed, added or removed."""

    path: str
    kind: str
    before: Any
    after: Any

    @property
    def is_long(self) -> bool:
        """Whether it is better read line by line."""
        texts = [text_of(value) for value in (self.before, self.after)]
        return any(len(text) > LONGEST or "\n" in text for text in texts)

    @property
    def pair(self) -> tuple[Any, Any]:
        """Before and after, numbers written alike: 480.0 and 450 are 480.00 and 450.00."""
        values = (self.before, self.after)
        if all(type(value) in (int, float) for value in values) and float in map(type, values):
            return show(float(self.before)), show(float(self.after))
        return values


@dataclass(frozen=True)
class Line:
    """Two lines side by side; ``kind`` is same, changed, added, removed or gap; a piece is (text, is marked)."""

    kind: str
    left_number: int | None
    left: Sequence[Piece]
    right_number: int | None
    right: Sequence[Piece]


@dataclass(frozen=True)
class Comparison:
    """Two values, compared in both ways."""

    before: Any
    after: Any

    @cached_property
    def fields(self) -> list[Change]:
        """The places that differ."""
        return list(fields(self.before, self.after))

    @cached_property
    def lines(self) -> list[Line]:
        """The lines that differ, and a few around them."""
        return folded(side_by_side(_bare(self.before), _bare(self.after)))

    @property
    def is_long(self) -> bool:
        """Whether a place is better read line by line."""
        return any(change.is_long for change in self.fields)

    @property
    def first_lines(self) -> list[Line]:
        """The beginning of the lines, for a page that shows more than this."""
        rest = len(self.lines) - FIRST_LINES
        more = [Line("gap", None, [(f"⋯ {rest} more lines", False)], None, [])] if rest > 0 else []
        return [_cut(line) for line in self.lines[:FIRST_LINES]] + more


def _bare(value: Any) -> Any:
    """A value that is all but one text, such as a final output, is compared as that text."""
    only = next(iter(value.values())) if isinstance(value, dict) and len(value) == 1 else None
    return only if isinstance(only, str) else value


def _cut(line: Line) -> Line:
    left, right = ([(texts.cut(text), marked) for text, marked in side] for side in (line.left, line.right))
    return replace(line, left=left, right=right)


def fields(before: Any, after: Any, path: str = "") -> Iterator[Change]:
    """Yield every place at which the two values differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            here = f"{path}.{key}" if path else str(key)
            yield from fields(before.get(key, NOTHING), after.get(key, NOTHING), here)
    elif before is NOTHING:
        yield Change(path, "added", None, after)
    elif after is NOTHING:
        yield Change(path, "removed", before, None)
    elif not same(before, after):
        yield Change(path or "value", "changed", before, after)


def same(before: Any, after: Any) -> bool:
    """Whether the two are one JSON value: true is not 1, but 5 is 5.0."""
    return before == after and isinstance(before, bool) == isinstance(after, bool)


def text_of(value: Any) -> str:
    """The text that is compared: text as it is, all else as readable JSON, in which texts keep their lines."""
    if isinstance(value, str):
        return value
    return LINE_END.sub(r"\1\n", texts.written(value, indent=2))


def side_by_side(before: Any, after: Any) -> list[Line]:
    """Return the lines of both values, paired, with the changed words marked."""
    left = text_of(before).splitlines()[:MOST_LINES]
    right = text_of(after).splitlines()[:MOST_LINES]
    effort, lines = Effort(), list[Line]()
    for tag, a, b, c, d in effort.opcodes(left, right):
        if tag == "equal":
            lines += [_line("same", a + n, left, c + n, right, effort) for n in range(b - a)]
        else:
            paired = min(b - a, d - c)
            lines += [_line("changed", a + n, left, c + n, right, effort) for n in range(paired)]
            lines += [_line("removed", n, left, None, right, effort) for n in range(a + paired, b)]
            lines += [_line("added", None, left, n, right, effort) for n in range(c + paired, d)]
    return lines


def folded(lines: Sequence[Line], around: int = 3) -> list[Line]:
    """Return the lines that differ with ``around`` others before and after; a gap stands for what is left out."""
    near = {n + step for n, line in enumerate(lines) if line.kind != "same" for step in range(-around, around + 1)}
    kept: list[Line] = []
    for shown, group in groupby(enumerate(lines), key=lambda numbered: numbered[0] in near):
        run = [line for _, line in group]
        kept += run if shown or len(run) == 1 else [_gap(len(run))]
    return kept


def _gap(count: int) -> Line:
    return Line("gap", None, [(f"⋯ {count} lines that are the same", False)], None, [])


def _line(kind: str, at: int | None, left: list[str], to: int | None, right: list[str], effort: Effort) -> Line:
    before = left[at] if at is not None else None
    after = right[to] if to is not None else None
    marked = _marked(before, after, effort) if kind == "changed" else (_plain(before), _plain(after))
    return Line(kind, at + 1 if at is not None else None, marked[0], to + 1 if to is not None else None, marked[1])


def _plain(text: str | None) -> list[Piece]:
    return [(text, False)] if text else []


def _marked(before: str | None, after: str | None, effort: Effort) -> tuple[list[Piece], list[Piece]]:
    old, new = WORD.findall(before or ""), WORD.findall(after or "")
    steps = effort.opcodes(old, new)
    alike = sum(b - a for tag, a, b, _, _ in steps if tag == "equal")
    if 2 * alike < SIMILAR * (len(old) + len(new)):
        return _plain(before), _plain(after)
    left: list[Piece] = []
    right: list[Piece] = []
    for tag, a, b, c, d in steps:
        left += [("".join(old[a:b]), tag != "equal")] if b > a else []
        right += [("".join(new[c:d]), tag != "equal")] if d > c else []
    return left, right
