"""What is on disk after one run of 5, 50 and 200 turns, each approved by a person, beside LangGraph's.

python -m benchmarks.turns --turns 5 50 200
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

from benchmarks.peers.texts import TURNS
from benchmarks.report import Gate, Line, judged, table
from benchmarks.rivals import LANGGRAPH, LANGGRAPH_EXIT, Absent, Kind, Peer
from benchmarks.services import OURS, Services

FOUREYES = Kind("Foureyes", "turns", OURS, is_foreign=False)
SIZES = "SELECT relname, pg_total_relation_size(relid) FROM pg_stat_user_tables"
Sizes = dict[str, int]


@dataclass
class Grown:
    """Bytes on disk by table, indexes and TOAST included, and what the peer said of the run."""

    tables: Sizes
    said: object = None

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.tables.values())

    def largest(self) -> str:
        """The tables that count most."""
        first = sorted(self.tables.items(), key=lambda one: -one[1])[:4]
        return ", ".join(f"{name.removeprefix('reviews_')} {size / 1000:,.0f}" for name, size in first)


def grown(services: Services, peer: Peer, count: int) -> Grown:
    """What one run of so many turns adds to the peer's database."""
    before = sizes(services, peer.kind)
    said = peer.ask("turns", count=count)
    after = sizes(services, peer.kind)
    return Grown({name: size - before.get(name, 0) for name, size in after.items()}, said)


def sizes(services: Services, kind: Kind) -> Sizes:
    """Bytes by table."""
    return {str(name): int(size) for name, size in services.rows(kind.database, SIZES)}


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--turns", type=int, nargs="+", default=TURNS, choices=TURNS)
    asked = options.parse_args()
    services = Services()
    services.migrate()
    found: dict[Kind, dict[int, Grown]] = {}
    why = ""
    for kind in (FOUREYES, LANGGRAPH, LANGGRAPH_EXIT):
        try:
            peer = Peer(kind, services)
        except Absent as absent:
            if not kind.is_foreign:
                raise
            why = str(absent).splitlines()[-1]
            continue
        peer.ask("turns", count=min(TURNS))  # the first pages of every table and index
        found[kind] = {count: grown(services, peer, count) for count in asked.turns}
        peer.stop()
    print(judged("Disk after many gated turns", [line(found, count, why) for count in asked.turns]))
    rows = [
        [kind.name, str(count), f"{its.total / 1000:,.0f}", its.largest()]
        for kind, by_count in found.items()
        for count, its in by_count.items()
    ]
    print(table(["peer", "turns", "KB on disk", "of which, largest first"], rows))


def line(found: dict[Kind, dict[int, Grown]], count: int, why: str) -> Line:
    """All that we keep of such a run, audit log and traces included, over LangGraph's checkpoints."""
    gate = Gate(0.5) if count == max(TURNS) else None
    theirs = found.get(LANGGRAPH)
    values = [found[FOUREYES][count].total / theirs[count].total] if theirs else None
    return Line(f"{count} gated turns ÷ {LANGGRAPH.name}", values, gate, " ×", why)


if __name__ == "__main__":
    sys.exit(main())
