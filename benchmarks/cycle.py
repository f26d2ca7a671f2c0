"""One approve cycle, paired: every peer alive at once, slices in random order, ratios within each round.

python -m benchmarks.cycle --rounds 25 --slice 4
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable
from statistics import median

from benchmarks.report import Gate, Line, judged, ninety_fifth, spread, table
from benchmarks.rivals import DBOS, FLOOR, FOUREYES, LANGGRAPH, LANGGRAPH_EXIT, Field, Kind
from benchmarks.services import Services

Moments = dict[str, float]
Slices = dict[Kind, list[list[Moments]]]  # by kind, by round
PHASES: dict[str, Callable[[Moments], float]] = {
    "cycle": lambda at: at["done"] - at["began"],
    "decision → tool start": lambda at: at["tool"] - at["decided"],
    "decision → done": lambda at: at["done"] - at["decided"],
}
CYCLE, TO_TOOL, TO_DONE = PHASES
GATES = [
    (CYCLE, FLOOR, CYCLE, Gate(2.9, 2.2)),
    (CYCLE, LANGGRAPH, CYCLE, Gate(1.7, 1.4)),
    (CYCLE, LANGGRAPH_EXIT, CYCLE, None),
    (CYCLE, DBOS, CYCLE, Gate(1.1, 0.85)),
    (TO_TOOL, FLOOR, CYCLE, Gate(1.3, 1.0)),
    (TO_DONE, DBOS, TO_DONE, Gate(1.5, 1.1)),
]


def play(field: Field, rounds: int, size: int, chance: random.Random) -> Slices:
    """So many rounds; in each, every peer plays one slice, in an order drawn anew."""
    slices: Slices = {kind: [] for kind in field.peers}
    for peers in field.peers.values():
        peers[0].ask("cycles", count=max(size, 3))  # warm up
    for _ in range(rounds):
        for kind in chance.sample(list(field.peers), len(field.peers)):
            slices[kind].append(field.peers[kind][0].ask("cycles", count=size))
    return slices


def ratios(slices: Slices, phase: str, base: Kind, of: str) -> list[float] | None:
    """Ours over theirs, round by round, each the median of its slice."""
    if base not in slices:
        return None
    pairs = zip(slices[FOUREYES], slices[base], strict=True)
    return [middle(ours, phase) / middle(theirs, of) for ours, theirs in pairs]


def middle(moments: list[Moments], phase: str) -> float:
    """The median of one slice."""
    return median(map(PHASES[phase], moments))


def gates(slices: Slices, absent: dict[Kind, str]) -> list[Line]:
    """The ratios that have a gate, and the one that is named for fairness."""
    lines = []
    for phase, base, of, gate in GATES:
        what = f"{phase} ÷ {base.name}" + ("" if phase == of else f" ({of})")
        lines.append(Line(what, ratios(slices, phase, base, of), gate, " ×", absent.get(base, "")))
    tool = [PHASES[TO_TOOL](at) for moments in slices[FOUREYES] for at in moments]
    floor = median(PHASES[CYCLE](at) for moments in slices[FLOOR] for at in moments)
    lines.append(Line(f"{TO_TOOL}, p95 ÷ {FLOOR.name} (cycle)", [ninety_fifth(tool) / floor], Gate(1.4), " ×"))
    return lines


def milliseconds(slices: Slices) -> str:
    """What each took here and now; not to be compared with another day's."""
    rows = []
    for kind, played in slices.items():
        cells = [kind.name]
        for phase in PHASES:
            took = [1000 * PHASES[phase](at) for moments in played for at in moments]
            cells.append(f"{median(took):.1f} / {ninety_fifth(took):.1f}")
        versus = [middle(a, CYCLE) / middle(b, CYCLE) for a, b in zip(played, slices[FLOOR], strict=True)]
        rows.append([*cells, f"{median(versus):.2f}", spread(versus)])
    head = ["peer", *(f"{phase}, p50 / p95 ms" for phase in PHASES), "cycle × floor", "middle half [extremes]"]
    return table(head, rows)


def calibration() -> float:
    """Milliseconds of a fixed loop: tells how fast the machine's clock is just now."""
    began = time.perf_counter()
    sum(range(1_000_000))
    return 1000 * (time.perf_counter() - began)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=25)
    options.add_argument("--slice", type=int, default=4)
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    asked = options.parse_args()
    services = Services()
    services.migrate()
    services.start_worker()
    field = Field(services)
    field.start()
    before = calibration()
    slices = play(field, asked.rounds, asked.slice, random.Random(asked.seed))
    print(judged("One approve cycle", gates(slices, field.absent)))
    print(milliseconds(slices))
    print(
        f"{asked.rounds} rounds of {asked.slice} cycles, seed {asked.seed}; fixed loop {before:.1f} ms before, ", end=""
    )
    print(f"{calibration():.1f} ms after; {field.versions()}.\n")
    field.stop()


if __name__ == "__main__":
    sys.exit(main())
