"""The processes of the campaign, a supervisor that replaces what dies, and somebody who kills."""

import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from hitl_site.supervisor import parts
from hitl_site.supervisor.process import Part, Process
from tests.chaos import outside
from tests.need_postgres import MEND, find_postgres

HOST = "127.0.0.1"
ODDS = {
    "inside a tool": 26,
    "worker": 22,
    "pool child": 8,
    "clock": 9,
    "web": 10,
    "redis": 13,
    "postgres": 8,
    "postgres backend": 4,
}


def postgres(folder: Path, disguise: list[str]) -> Part:
    """A PostgreSQL that keeps what it committed, as PostgreSQL does unless it is told otherwise."""
    programs = find_postgres()
    if programs is None:
        raise SystemExit(MEND)
    data = folder / "data"
    init = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run([*disguise, *init], check=True, cwd=folder, stdout=subprocess.DEVNULL)
    serve = (*disguise, str(programs / "postgres"), "-D", str(data), "-k", str(folder), "-c", "listen_addresses=")
    return Part("postgres", serve, stop_signal=signal.SIGINT, death_signal=signal.SIGINT)


def workers() -> list[Part]:
    """Two hosts' worth of workers: one forks, one runs threads."""
    return [_worker("prefork", 2), _worker("threads", 4)]


def _worker(pool: str, places: int) -> Part:
    plain = parts.worker(places)
    named = [f"{pool}@chaos" if word == "worker@%h" else word for word in plain.argv]
    return replace(plain, name=f"worker-{pool}", argv=("env", f"FOUREYES_WORKER_POOL={pool}", *named))


class Crew:
    """Keeps every part alive, as a supervisor does, and kills what it is told to kill."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = {**os.environ, "LOG_LEVEL": "INFO"}
        self._processes: dict[str, Process] = {}
        self._resting: dict[str, float] = {}
        self._lock = threading.RLock()
        self._leaving = threading.Event()
        self.deaths: Counter[str] = Counter()

    def start(self, part: Part, is_up: Callable[[], bool] = lambda: True) -> None:
        """Start a part and wait until it answers."""
        with self._lock:
            self._processes[part.name] = Process(part, self._environment, self._write)
        deadline = time.monotonic() + 120
        while not is_up():
            assert time.monotonic() < deadline, f"{part.name} did not come up:\n{self.log(part.name)[-2000:]}"
            time.sleep(0.1)

    def watch(self) -> None:
        """Replace the dead from now on."""
        threading.Thread(target=self._watch, name="supervisor", daemon=True).start()

    def leave(self) -> None:
        """Stop everything, the servers last."""
        self._leaving.set()
        with self._lock:
            for process in reversed(list(self._processes.values())):
                process.ask_to_stop()
                process.wait()
                process.kill()

    def kill(self, kind: str, dice: random.Random) -> bool:
        """kill -9 one of that kind; False where none is alive to be killed."""
        if kind == "inside a tool":
            return self._kill_inside_a_tool(dice)
        with self._lock:
            name = self._victim(kind, dice)
            process = self._processes.get(name)
            if process is None or process.exit_code is not None:
                return False
            pids = _children(process.pid) if kind in ("pool child", "postgres backend") else [process.pid]
            if not pids:
                return False
            with suppress(ProcessLookupError):
                os.kill(dice.choice(pids), signal.SIGKILL)
            if pids == [process.pid]:
                process.kill()
                self._resting[name] = time.monotonic() + dice.choice((0, 0, 1, 3)) * dice.random()
            label = kind
            if kind == "redis" and dice.random() < 0.5:
                label = "redis, wiped"
                shutil.rmtree(Path(os.environ["VAR_DIR"]) / "valkey", ignore_errors=True)
            self.deaths[label] += 1
            self._write("kills", f"{time.time():.2f} {label} {name}")
            return True

    def _kill_inside_a_tool(self, dice: random.Random) -> bool:
        """Wait until a tool begins, and then a moment of its length."""
        began, deadline = time.time(), time.monotonic() + 5
        while (found := outside.newest()) is None or found["at"] < began:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        time.sleep(dice.random() * 0.4)
        with self._lock:
            workers = [one for name, one in self._processes.items() if name.startswith("worker")]
            if found["pid"] not in {pid for one in workers for pid in (one.pid, *_children(one.pid))}:
                return False
            os.kill(found["pid"], signal.SIGKILL)
            self.deaths["inside a tool"] += 1
            self._write("kills", f"{time.time():.2f} inside a tool {found}")
        return True

    def has_children(self, name: str) -> bool:
        """Whether that part has forked."""
        with self._lock:
            return bool(_children(self._processes[name].pid))

    def log(self, name: str) -> str:
        """All that it printed."""
        path = self._folder / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def _victim(self, kind: str, dice: random.Random) -> str:
        if kind == "worker":
            return dice.choice([name for name in self._processes if name.startswith("worker")])
        names = {"pool child": "worker-prefork", "redis": "valkey", "postgres backend": "postgres"}
        return names.get(kind, kind)

    def _watch(self) -> None:
        while not self._leaving.wait(0.2):
            with self._lock:
                for name, process in self._processes.items():
                    if process.exit_code is not None and self._resting.get(name, 0) <= time.monotonic():
                        process.kill()  # what it left behind must not work beside the new one
                        self._processes[name] = Process(process.part, self._environment, self._write)
                        self._resting[name] = time.monotonic() + 0.5

    def _write(self, name: str, line: str) -> None:
        with (self._folder / f"{name}.log").open("a") as log:
            log.write(f"{time.time():.2f} {line}\n")


def environment(folder: Path, stack: str, lease: int) -> dict[str, str]:
    """What every process of the campaign is told."""
    port = _free_port()
    told = {
        "ALLOWED_HOSTS": HOST,
        "CHAOS_OUTSIDE": str(folder / "outside"),
        "DEBUG": "0",
        "DJANGO_SETTINGS_MODULE": "tests.chaos.settings",
        "FOUREYES_DEMO_AGENTS": "0",
        "FOUREYES_LEASE_SECONDS": str(lease),
        "FOUREYES_WAIT_FOR_WORKER": "600",
        "LOG_JSON": "0",
        "LOG_LEVEL": "ERROR",
        "NO_COLOR": "1",
        "PORT": str(port),
        "SECRET_KEY": "a-key-of-this-campaign-only-which-signs-nothing-of-value",
        "SITE_ORIGINS": f"http://{HOST}:{port}",
        "STATIC_FROM_SOURCE": "1",
        "VAR_DIR": str(folder / "var"),
    }
    if stack == "postgres":
        told["DATABASE_URL"] = f"postgresql://postgres@/postgres?host={folder / 'postgres'}"
    return told


def _children(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout
    return [int(word) for word in found.split()]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port
