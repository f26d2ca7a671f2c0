"""What one approve cycle asks of PostgreSQL: statements (transaction frames included), WAL, disk. Counts, not times.

python -m benchmarks.footprint --cycles 100 --statements
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass

from benchmarks.report import Gate, Line, judged, table
from benchmarks.rivals import FOUREYES, Field, Kind
from benchmarks.services import Services

KEY_CHECK = re.compile(r"SELECT \S+ FROM ONLY .* FOR KEY SHARE OF x$")
"""What the server asks itself at COMMIT about deferred foreign keys: counted by it, sent by nobody."""
FRAMES = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
SETTLE = 1.0
"""Seconds in which what a process writes in the background, such as traces, comes to rest."""
SEEN = """
    SELECT rolname, query, calls FROM pg_stat_statements
    JOIN pg_roles ON pg_roles.oid = userid JOIN pg_database ON pg_database.oid = dbid
    WHERE datname = %s AND rolname <> 'watch'"""
DISK = "SELECT coalesce(sum(pg_total_relation_size(relid)), 0) FROM pg_stat_user_tables"


@dataclass
class Footprint:
    """Per cycle."""

    statements: float
    frames: float
    wal: float
    disk: float

    @property
    def round_trips(self) -> float:
        """Statements and the frames of transactions."""
        return self.statements + self.frames


class Count:
    """What a database was asked between entering and leaving the block."""

    def __init__(self, services: Services, kind: Kind) -> None:
        self.services, self.database = services, kind.database
        self.asked: Counter[tuple[str, str]] = Counter()  # by role and statement

    def __enter__(self) -> Count:
        self._disk = self._on_disk()
        time.sleep(SETTLE)
        self._wal = self._position()
        self.services.admin.execute("SELECT pg_stat_statements_reset()")
        return self

    def __exit__(self, *_: object) -> None:
        time.sleep(SETTLE)
        for role, query, calls in self.services.admin.execute(SEEN, [self.database]):
            if not KEY_CHECK.match(query):
                self.asked[role, " ".join(query.split())] += calls
        self.wal = self._position() - self._wal
        self.disk = self._on_disk() - self._disk

    def per(self, cycles: int) -> Footprint:
        """For one of so many cycles."""
        frames = sum(calls for (_, query), calls in self.asked.items() if query.startswith(FRAMES))
        statements = sum(self.asked.values()) - frames
        return Footprint(statements / cycles, frames / cycles, self.wal / cycles, self.disk / cycles)

    def _position(self) -> int:
        row = self.services.admin.execute("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn").fetchone()
        assert row is not None
        return int(row[0])

    def _on_disk(self) -> int:
        return int(self.services.rows(self.database, DISK)[0][0])


def measure(field: Field, kind: Kind, cycles: int) -> Footprint:
    """The whole cycle of one peer, after a few that warm it up."""
    peer = field.peers[kind][0]
    peer.ask("cycles", count=3)
    with Count(field.services, kind) as count:
        peer.ask("cycles", count=cycles)
    return count.per(cycles)


def steps(field: Field, cycles: int) -> dict[str, Counter[str]]:
    """Foureyes' statements, by step of the cycle: told apart by time and by the role that asked."""
    peer, found = field.peers[FOUREYES][0], {}
    names = {
        ("submit", "web"): "submit",
        ("submit", "worker"): "start → question",
        ("decide", "web"): "decide",
        ("decide", "worker"): "resume → done",
    }
    for verb in ("submit", "decide"):
        with Count(field.services, FOUREYES) as count:
            peer.ask(verb, **({"count": cycles} if verb == "submit" else {}))
        for (role, query), calls in count.asked.items():
            found.setdefault(names[verb, role], Counter())[query] += calls
    return {name: found[name] for name in names.values()}


def gates(found: dict[Kind, Footprint]) -> list[Line]:
    """Ours, against the fixed limits."""
    ours = found[FOUREYES]
    return [
        Line("statements per cycle, BEGIN and COMMIT included", [ours.round_trips], Gate(18, 10)),
        Line("WAL per cycle", [ours.wal / 1000], Gate(8), " KB"),
        Line("disk per run with one question", [ours.disk / 1000], Gate(6), " KB"),
    ]


def main() -> None:
    """Count and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cycles", type=int, default=100)
    options.add_argument("--statements", action="store_true", help="print every statement of ours")
    asked = options.parse_args()
    services = Services()
    services.migrate()
    services.start_worker(concurrency=1)
    field = Field(services)
    field.start()
    found = {kind: measure(field, kind, asked.cycles) for kind in field.peers}
    print(judged("What one cycle asks of PostgreSQL", gates(found)))
    print(table(["peer", "statements", "+ BEGIN/COMMIT", "WAL, B", "disk, B"], list(map(row, found.items()))))
    for kind, why in field.absent.items():
        print(f"{kind.name}: not measured ({why})\n")
    by_step = steps(field, asked.cycles)
    print(
        table(
            ["step of Foureyes", "statements", "+ BEGIN/COMMIT"], [step(*one, asked.cycles) for one in by_step.items()]
        )
    )
    if asked.statements:
        for name, queries in by_step.items():
            print(f"{name}:")
            for query, calls in queries.most_common():
                print(f"  {calls / asked.cycles:6.2f}  {query[:160]}")
    print(f"\n{asked.cycles} cycles of each; {field.versions()}.\n")
    field.stop()


def row(found: tuple[Kind, Footprint]) -> list[str]:
    """One peer."""
    kind, its = found
    return [kind.name, f"{its.statements:.1f}", f"{its.frames:.1f}", f"{its.wal:,.0f}", f"{its.disk:,.0f}"]


def step(name: str, queries: Counter[str], cycles: int) -> list[str]:
    """One step of ours."""
    frames = sum(calls for query, calls in queries.items() if query.startswith(FRAMES))
    return [name, f"{(queries.total() - frames) / cycles:.1f}", f"{frames / cycles:.1f}"]


if __name__ == "__main__":
    sys.exit(main())
