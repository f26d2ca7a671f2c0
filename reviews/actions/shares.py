"""Who gets what when work is shared out: pure, so that a preview and the act cannot differ."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID


@dataclass(frozen=True)
class Piece:
    """One question to be given to one of those who ``may`` decide it, by their keys; of one queue."""

    id: UUID
    queue: int
    may: frozenset[int]


@dataclass(frozen=True)
class Share:
    """One question and who gets it; nobody where there is nobody."""

    id: UUID
    queue: int
    to: int | None


def least_loaded(candidates: Iterable[int], loads: Mapping[int, int], last: int | None) -> int | None:
    """The candidate with the fewest open questions; among equals the next in turn after the ``last`` one."""
    turn = last or 0
    return min(candidates, key=lambda key: (loads.get(key, 0), key <= turn, key), default=None)


def evenly(pieces: Sequence[Piece], loads: Mapping[int, int], last: Mapping[int, int | None]) -> list[Share]:
    """Give out the pieces so that nothing could be moved and the spread be more even; ``last`` picks are by queue.

    First come first, each to the least loaded of those who may, among equals to who has got fewest of these, then in
    turn. Where some may not take all, what was given is passed on once more: to who has two fewer, by way of others.
    """
    held, gains, turn, shares = Counter(loads), Counter[int](), dict(last), list[Share]()
    for piece in pieces:
        fewest = min(((held[key], gains[key]) for key in piece.may), default=None)
        equals = [key for key in piece.may if (held[key], gains[key]) == fewest]
        to = least_loaded(equals, held, turn.get(piece.queue))
        if to is not None:
            held[to] += 1
            gains[to] += 1
            turn[piece.queue] = to
        shares.append(Share(piece.id, piece.queue, to))
    while _passed_on(pieces, shares, held):
        pass
    return shares


def _passed_on(pieces: Sequence[Piece], shares: list[Share], held: Counter[int]) -> bool:
    """Move one piece off somebody with many, by way of as few others as can be; False where nobody gains by it."""
    for giver in sorted({share.to for share in shares if share.to is not None}, key=lambda key: (-held[key], key)):
        came: dict[int, int] = {}  # by which piece somebody is reached
        row, seen = [giver], {giver}
        for person in row:
            if held[person] <= held[giver] - 2:
                _pass_on(shares, came, giver, person)
                held[giver] -= 1
                held[person] += 1
                return True
            for at, piece in enumerate(pieces):
                for other in sorted(piece.may - seen) if shares[at].to == person else ():
                    came[other] = at
                    seen.add(other)
                    row.append(other)
    return False


def _pass_on(shares: list[Share], came: Mapping[int, int], giver: int, taker: int) -> None:
    while taker != giver:
        at = came[taker]
        before = shares[at].to
        assert before is not None
        shares[at], taker = replace(shares[at], to=taker), before


def mark(shares: Sequence[Share]) -> str:
    """A text that is the same for the same shares: what was previewed is what is written, or nothing is."""
    return hashlib.sha256("".join(f"{share.id}>{share.to};" for share in shares).encode()).hexdigest()[:32]
