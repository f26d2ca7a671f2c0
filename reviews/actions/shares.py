"""Who gets what when work is shared out: pure, so that a preview and the act cannot differ."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
    """Give out the pieces, first come first, each to the least loaded of those who may; ``last`` picks are by queue."""
    held, turn, shares = dict(loads), dict(last), []
    for piece in pieces:
        to = least_loaded(piece.may, held, turn.get(piece.queue))
        if to is not None:
            held[to] = held.get(to, 0) + 1
            turn[piece.queue] = to
        shares.append(Share(piece.id, piece.queue, to))
    return shares


def mark(shares: Sequence[Share]) -> str:
    """A text that is the same for the same shares: what was previewed is what is written, or nothing is."""
    return hashlib.sha256("".join(f"{share.id}>{share.to};" for share in shares).encode()).hexdigest()[:32]
