"""What two sequences have in common, found with an effort that is bounded whatever somebody typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import takewhile

Opcode = tuple[str, int, int, int, int]
"""(tag, begin and end on the left, begin and end on the right), as difflib has it."""
MOST = 20_000_000
"""Comparisons, roughly, for one page: about a second of the worst input."""


class Effort:
    """What may still be spent on one page; once it is gone, what differs is replaced as a whole."""

    def __init__(self, left: int = MOST) -> None:
        self.left = left

    def opcodes(self, old: Sequence[str], new: Sequence[str]) -> list[Opcode]:
        """How to make the new out of the old."""
        head = _alike(zip(old, new, strict=False))
        tail = _alike(zip(reversed(old[head:]), reversed(new[head:]), strict=False))
        a, b, c, d = head, len(old) - tail, head, len(new) - tail
        found: list[Opcode] = [("equal", 0, head, 0, head)] if head else []
        found += [(tag, a + i, a + j, c + k, c + n) for tag, i, j, k, n in self._between(old[a:b], new[c:d])]
        return found + ([("equal", b, len(old), d, len(new))] if tail else [])

    def _between(self, old: Sequence[str], new: Sequence[str]) -> Sequence[Opcode]:
        if not (old and new):
            tag = "delete" if old else "insert"
            return [(tag, 0, len(old), 0, len(new))] if old or new else []
        matcher = SequenceMatcher(None, old, new)  # with its rule of thumb: in long ones, frequent words match nothing
        places: Mapping[str, list[int]] = matcher.b2j  # type: ignore[attr-defined]  # documented, but not typed
        pairs = sum(len(places.get(word, ())) for word in old)
        cost = pairs * min(len(old), len(new)) + len(old) + len(new)
        if cost > self.left:
            return [("replace", 0, len(old), 0, len(new))]
        self.left -= cost
        return matcher.get_opcodes()


def _alike(pairs: Iterator[tuple[str, str]]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
