"""Approve cycles per second on two cores: two processes of each peer, Foureyes with two worker processes.

python -m benchmarks.throughput --rounds 5 --cycles 40
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from statistics import median

from benchmarks.report import Gate, Line, judged, spread, table
from benchmarks.rivals import DBOS, FLOOR, FOUREYES, LANGGRAPH, LANGGRAPH_EXIT, Field, Kind
from benchmarks.services import Services

Rates = dict[Kind, list[float]]
GATES = [
    (FLOOR, Gate(0.45, 0.6, least=True)),
    (LANGGRAPH, Gate(1.0, least=True)),
    (LANGGRAPH_EXIT, None),
    (DBOS, Gate(1.3, least=True)),
]


def rate(field: Field, kind: Kind, count: int) -> float:
    """Cycles per second while all processes of the kind play; ``count`` is their sum."""
    peers = field.peers[kind]
    began = time.perf_counter()
    for peer in peers:
        peer.tell("cycles", count=count // len(peers), in_flight=kind.in_flight)
    played = sum(len(peer.answer()) for peer in peers)
    return played / (time.perf_counter() - began)


def play(field: Field, rounds: int, count: int, chance: random.Random) -> Rates:
    """So many rounds; in each, every kind once, in an order drawn anew."""
    for kind in field.peers:
        rate(field, kind, 8)  # warm up
    rates: Rates = {kind: [] for kind in field.peers}
    for _ in range(rounds):
        for kind in chance.sample(list(rates), len(rates)):
            rates[kind].append(rate(field, kind, count))
    return rates


def gates(rates: Rates, absent: dict[Kind, str]) -> list[Line]:
    """Ours over theirs, round by round."""
    return [
        Line(
            f"cycles/s ÷ {kind.name}, {kind.processes} processes",
            [ours / theirs for ours, theirs in zip(rates[FOUREYES], rates[kind], strict=True)]
            if kind in rates
            else None,
            gate,
            " ×",
            absent.get(kind, ""),
        )
        for kind, gate in GATES
    ]


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--cycles", type=int, default=60)
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    asked = options.parse_args()
    services = Services()
    services.migrate()
    for _ in range(2):  # each carries its runs in threads, and a process computes on one core at a time
        services.start_worker(concurrency=FOUREYES.in_flight)
    field = Field(services)
    field.start(processes=True)
    rates = play(field, asked.rounds, asked.cycles, random.Random(asked.seed))
    print(judged("Throughput on two cores", gates(rates, field.absent)))
    rows = [[kind.name, f"{median(found):.1f}", spread(found)] for kind, found in rates.items()]
    print(table(["peer", "cycles/s", "middle half [extremes]"], rows))
    print(f"{asked.rounds} rounds of {asked.cycles} cycles, seed {asked.seed}; {field.versions()}.\n")
    field.stop()


if __name__ == "__main__":
    sys.exit(main())
