"""The peers as the benchmark sees them: processes that play cycles when asked, or the reason why there is none."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.services import OURS, ROOT, Services

PEER_PYTHON = Path(__file__).parent / ".venv" / "bin" / "python"


@dataclass(frozen=True)
class Kind:
    """How to start a peer. One that is not ours brings its own environment of packages."""

    name: str
    module: str
    database: str
    argument: str = ""
    is_foreign: bool = True
    processes: int = 2
    in_flight: int = 1
    """How many processes and how many cycles at once in each make the most of two cores."""


FLOOR = Kind("bare SDK + psycopg", "sdk_floor", "floor", is_foreign=False)
LANGGRAPH = Kind("LangGraph HITL, default (async)", "langgraph_hitl", "langgraph", "async")
LANGGRAPH_EXIT = Kind("LangGraph HITL, durability=exit", "langgraph_hitl", "langgraph_exit", "exit")
DBOS = Kind("DBOS (no agent SDK inside)", "dbos_flow", "dbos", in_flight=4)
FOUREYES = Kind("Foureyes", "foureyes", OURS, is_foreign=False, processes=1, in_flight=8)
KINDS = (FLOOR, LANGGRAPH, LANGGRAPH_EXIT, DBOS, FOUREYES)


class Absent(Exception):
    """The peer cannot be started; the text says why."""


@dataclass
class Peer:
    """One running process of a kind. Raises Absent where it cannot run."""

    kind: Kind
    services: Services
    versions: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        python = PEER_PYTHON if self.kind.is_foreign else Path(sys.executable)
        if not python.exists():
            raise Absent("benchmarks/.venv is not there: its packages could not be installed")
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  (open as long as the peer lives)
        tied = {"SUPERVISOR_PID": str(os.getpid()), "DEATH_SIGNAL": str(int(signal.SIGTERM)), "PYTHONPATH": str(ROOT)}
        database = {"PEER_DATABASE": self.services.database(self.kind.database)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hitl_site.child", str(python), "-m", f"benchmarks.peers.{self.kind.module}"]
            + ([self.kind.argument] if self.kind.argument else []),
            cwd=ROOT,
            env=self.services.environment() | tied | database,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self.versions = self.answer()["versions"]

    def ask(self, do: str, **arguments: Any) -> Any:
        """Have it do something and wait for what it says. Raises Absent."""
        self.tell(do, **arguments)
        return self.answer()

    def tell(self, do: str, **arguments: Any) -> None:
        """Have it do something; ``answer`` waits for what it says."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        """What it says next. Raises Absent, with its last words, when it has died."""
        assert self._process.stdout is not None
        if line := self._process.stdout.readline():
            return json.loads(line)
        self._process.wait()
        self._errors.seek(0)
        raise Absent(f"{self.kind.name} ended: {self._errors.read().strip()[-2000:]}")

    def stop(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@dataclass
class Field:
    """Every kind that could be started, and why the others could not. Ours and the floor have to."""

    services: Services
    kinds: tuple[Kind, ...] = KINDS
    peers: dict[Kind, list[Peer]] = field(default_factory=dict)
    absent: dict[Kind, str] = field(default_factory=dict)

    def start(self, *, processes: bool = False) -> None:
        """Start one process of each kind, or as many as make the most of two cores. Raises Absent."""
        for kind in self.kinds:
            try:
                self.peers[kind] = [Peer(kind, self.services) for _ in range(kind.processes if processes else 1)]
            except Absent as why:
                if not kind.is_foreign:
                    raise
                self.absent[kind] = str(why).splitlines()[-1]

    def stop(self) -> None:
        """End them."""
        for peers in self.peers.values():
            for peer in peers:
                peer.stop()

    def versions(self) -> str:
        """What was measured."""
        found = {name: number for peers in self.peers.values() for name, number in peers[0].versions.items()}
        return ", ".join(f"{name} {number}" for name, number in sorted(found.items()))
