"""The servers of a benchmark: a private PostgreSQL that keeps what it commits, a private Valkey, and the workers.

They are those of the tests, started the same way; they end with the benchmark, and nothing else does.
"""

from __future__ import annotations

import atexit
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import psycopg

from hitl_site.supervisor import parts
from hitl_site.supervisor.process import Process
from tests import services

ROOT = Path(__file__).resolve().parent.parent
DURABLE = (
    "listen_addresses=",
    "fsync=on",
    "synchronous_commit=on",
    "shared_preload_libraries=pg_stat_statements",
    "max_connections=200",
    # what would write by itself at a time of its own, and be counted to whoever plays just then
    "autovacuum=off",
    "checkpoint_timeout=1h",
    "max_wal_size=8GB",
)
ROLES = ("web", "worker", "watch")
OURS = "foureyes"


class Services:
    """One PostgreSQL with a database for each peer, one Valkey."""

    def __init__(self) -> None:
        self.redis_url = services.start_valkey()
        self._admin_url = services.start_postgres(DURABLE)
        self.admin = psycopg.connect(self._admin_url, autocommit=True)
        self.admin.execute("CREATE EXTENSION pg_stat_statements")
        for role in ROLES:
            self.admin.execute(f"CREATE ROLE {role} LOGIN SUPERUSER")
        self._parts: list[Process] = []
        self._log = Path(tempfile.mkdtemp(prefix="foureyes-bench-"))

    def database(self, name: str, role: str = "postgres") -> str:
        """The address of that database, made when it is first asked for."""
        if not self.admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            self.admin.execute(f"CREATE DATABASE {name}")
        return self._admin_url.replace("//postgres@/postgres", f"//{role}@/{name}")

    def rows(self, database: str, query: str) -> list[tuple[Any, ...]]:
        """What a query of that database returns."""
        with psycopg.connect(self.database(database), autocommit=True) as connection:
            return connection.execute(query).fetchall()

    def environment(self, role: str = "web") -> dict[str, str]:
        """What a process of Foureyes needs to know; the role tells in the statistics who asked."""
        foreign = {name: "" for name in services.FOREIGN}
        return (
            os.environ
            | foreign
            | services.ENVIRONMENT
            | {
                "DATABASE_URL": self.database(OURS, role),
                "DJANGO_SETTINGS_MODULE": "benchmarks.desk.settings",
                "FOUREYES_DEMO_AGENTS": "0",
                "LOG_LEVEL": "WARNING",
                "REDIS_URL": self.redis_url,
                "SECRET_KEY": self._secret,
                "VAR_DIR": str(self._log),
                "WATCH_DATABASE": self.database(OURS, "watch"),
            }
        )

    _secret = secrets.token_urlsafe(60)

    def migrate(self) -> None:
        """Give Foureyes its tables."""
        command = [sys.executable, "manage.py", "migrate", "-v", "0"]
        subprocess.run(command, check=True, cwd=ROOT, env=self.environment())

    def start(self, part: parts.Part, role: str) -> Process:
        """Start a part of the product as its supervisor does, until the benchmark ends."""
        process = Process(part, self.environment(role), self._write)
        self._parts.append(process)
        atexit.register(self.stop, process)
        return process

    def start_worker(self, concurrency: int = 2) -> Process:
        """Celery's worker, as the supervisor starts it, which reads our settings for that."""
        os.environ.update(self.environment())
        return self.start(parts.worker(concurrency), "worker")

    def stop(self, process: Process) -> None:
        """End one part."""
        process.ask_to_stop()
        process.wait()
        process.kill()

    def logged(self) -> str:
        """The last lines that the parts printed."""
        return "\n".join(line for part in self._parts for line in part.lines)

    def _write(self, name: str, line: str) -> None:
        with (self._log / f"{name}.log").open("a") as log:
            log.write(line + "\n")
