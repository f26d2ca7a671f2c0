"""A Valkey and a PostgreSQL of a test's own, which it may kill, freeze, wipe and start again."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg
from redis import Redis

from hitl_site import embedded
from tests import services
from tests.need_postgres import find_postgres


class Server:
    """One server process and its children."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.process = self.launch()
        until(self.answers, 30)

    def launch(self) -> "subprocess.Popen[bytes]":
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    def kill(self) -> None:
        """kill -9, children included."""
        assert self.process is not None
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(20)

    def freeze(self) -> None:
        """Let it live and say nothing: the parent first, or it would go on giving birth."""
        for pid in self.pids():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it speak again."""
        for pid in self.pids():
            os.kill(pid, signal.SIGCONT)

    def heal(self) -> None:
        """Running and awake, whatever a test left."""
        assert self.process is not None
        if self.process.poll() is not None:
            self.start()
        self.thaw()

    def pids(self) -> list[int]:
        """The process, then its children."""
        assert self.process is not None
        tasks = Path(f"/proc/{self.process.pid}/task")
        children = [(task / "children").read_text().split() for task in tasks.iterdir()] if tasks.exists() else []
        return [self.process.pid, *(int(pid) for pids in children for pid in pids)]


class Valkey(Server):
    """Keeps its data in an append-only file, as the demo's does."""

    @property
    def url(self) -> str:
        return f"unix://{self.folder}/valkey.sock?db=0"

    def launch(self) -> "subprocess.Popen[bytes]":
        binary = embedded.server_binary()
        assert binary is not None
        (self.folder / "valkey.sock").unlink(missing_ok=True)
        where = ("--port", "0", "--unixsocket", f"{self.folder}/valkey.sock", "--dir", str(self.folder))
        return services._start([binary, *where, "--save", "", "--appendonly", "yes"], signal.SIGTERM)

    def answers(self) -> bool:
        with suppress(Exception), Redis.from_url(self.url, socket_timeout=1) as client:
            return bool(client.ping())
        return False

    def wipe(self) -> None:
        """Remove what it kept; only while it is dead."""
        shutil.rmtree(self.folder / "appendonlydir", ignore_errors=True)


class Postgres(Server):
    """A cluster in a folder, made at the first start."""

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/postgres?host={self.folder}"

    def launch(self) -> "subprocess.Popen[bytes]":
        programs = find_postgres()
        assert programs is not None
        data, disguise = self.folder / "data", services._not_root(self.folder)
        if not data.exists():
            init = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
            subprocess.run([*disguise, *init], check=True, cwd=self.folder, stdout=subprocess.DEVNULL)
        (data / "postmaster.pid").unlink(missing_ok=True)
        # a server that is killed must remember what it confirmed
        given = [option for option in services.POSTGRES_OPTIONS if not option.startswith("synchronous_commit")]
        options = [word for option in given for word in ("-c", option)]
        serve = [*disguise, programs / "postgres", "-D", data, "-k", self.folder, *options]
        return services._start(serve, signal.SIGINT, cwd=self.folder)

    def answers(self) -> bool:
        with suppress(psycopg.Error):
            psycopg.connect(self.url, connect_timeout=2).close()
            return True
        return False


def until(true: Callable[[], object], seconds: float = 60) -> None:
    """Return once it holds."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.1)
