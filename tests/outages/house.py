"""A desk of a test's own on servers that may die: daphne, a worker and the clock, seen from outside."""

import os
import re
import secrets
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2 as httpx
import psycopg
from playwright.sync_api import Page
from pytest_playwright.pytest_playwright import CreateContextCallback

from hitl_site.supervisor import parts
from hitl_site.supervisor.process import ROOT, Process
from tests.factories import PASSWORD
from tests.outages.servers import Postgres, Valkey, until

HOST = "127.0.0.1"


class House:
    """Everything, from nothing. `pids` never changes: no outage may need a restart by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.valkey, self.postgres = Valkey(folder / "v"), Postgres(folder / "p")
        self.work = folder / "work"
        for made in (self.valkey.folder, self.postgres.folder, self.work):
            made.mkdir()
        self.port = _free_port()
        self.url = f"http://{HOST}:{self.port}"
        self.environment = {
            **os.environ,
            "DATABASE_URL": self.postgres.url,
            "DJANGO_SETTINGS_MODULE": "tests.outages.settings",
            "FOUREYES_DATABASE_PATIENCE": "3",
            "FOUREYES_LEASE_SECONDS": "6",
            "FOUREYES_LIVE_TICK": "3",
            "OUTAGES_FOLDER": str(self.work),
            "REDIS_URL": self.valkey.url,
            "SECRET_KEY": secrets.token_urlsafe(60),
            "SITE_ORIGINS": self.url,
            "VAR_DIR": str(folder / "var"),
        }
        self.processes: dict[str, Process] = {}

    def open(self) -> None:
        """Start the servers, make the tables and the people, start the processes."""
        self.valkey.start()
        self.postgres.start()
        self.run("manage.py", "migrate", "--verbosity", "0")
        self.hand("people")
        for part in (parts.web(HOST, self.port), parts.worker(2), parts.clock()):
            self.processes[part.name] = Process(part, self.environment, self._write)
        until(self.is_well, 90)

    def close(self) -> None:
        """Stop all of it."""
        self.heal()
        for process in reversed(self.processes.values()):
            process.kill()
        self.valkey.kill()
        self.postgres.kill()

    def heal(self) -> None:
        """Servers up and awake, nothing in the way of a tool."""
        self.postgres.heal()
        self.valkey.heal()
        for file in self.work.iterdir():
            file.unlink()

    def run(self, *words: str, **more: str) -> str:
        """A Python command in this house's environment, and `more` of it; what it printed."""
        environment = self.environment | more
        return subprocess.run(
            [sys.executable, *words], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
        ).stdout

    def execute(self, statement: str) -> None:
        """One statement outside of a transaction."""
        with psycopg.connect(self.postgres.url, autocommit=True) as connection:
            connection.execute(statement)

    def hand(self, *words: str) -> list[str]:
        """See tests.outages.hand."""
        return self.run("-m", "tests.outages.hand", *words).split()

    def submit(self, agent: str, number: int = 1) -> list[str]:
        """Start runs; their ids."""
        return self.hand("submit", agent, str(number))

    def ask(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read from the database."""
        with psycopg.connect(self.postgres.url, connect_timeout=5) as connection:
            return connection.execute(query, values).fetchall()

    def statuses(self, runs: list[str]) -> Counter[str]:
        """How many of the runs are in which status."""
        return Counter(
            status for (status,) in self.ask("SELECT status FROM reviews_run WHERE id = ANY(%s::uuid[])", runs)
        )

    def question(self, run: str) -> str:
        """The open question of a run, once there is one."""
        query = "SELECT id FROM reviews_intervention WHERE run_id = %s AND status IN ('pending', 'claimed')"
        until(lambda: self.ask(query, run))
        return str(self.ask(query, run)[0][0])

    def newest(self) -> int:
        """The number of the newest event."""
        return int(self.ask("SELECT coalesce(max(seq), 0) FROM reviews_event")[0][0])

    def readiness(self) -> dict[str, Any]:
        """What /readyz says."""
        return dict(httpx.get(f"{self.url}/readyz", timeout=10).json())

    def is_well(self) -> bool:
        """Whether /readyz finds everything."""
        try:
            return bool(self.readiness()["ready"])
        except httpx.HTTPError:
            return False

    def signed_in(self) -> httpx.Client:
        """Alice's browser, through the form."""
        browser = httpx.Client(base_url=self.url, timeout=30, headers={"Origin": self.url, "Referer": self.url})
        page = browser.get("/accounts/login/")
        answer = browser.post(
            "/accounts/login/", data={"login": "alice", "password": PASSWORD, "csrfmiddlewaretoken": token(page.text)}
        )
        assert answer.status_code == 302, answer.text[:2000]
        return browser

    def window(self, new_context: CreateContextCallback) -> Page:
        """Alice's window in a real browser."""
        context = new_context()
        name, value = next((name, value) for name, value in self.signed_in().cookies.items() if "session" in name)
        context.add_cookies([{"name": name, "value": value, "url": self.url}])
        return context.new_page()

    def pids(self) -> dict[str, int]:
        """Of the processes, all of which must be alive."""
        for name, process in self.processes.items():
            assert process.exit_code is None, f"{name} ended with {process.exit_code}:\n{self.log(name)[-3000:]}"
        return {name: process.pid for name, process in self.processes.items()}

    def log(self, name: str) -> str:
        """All it printed."""
        path = self.folder / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def _write(self, name: str, line: str) -> None:
        with (self.folder / f"{name}.log").open("a") as log:
            log.write(line + "\n")


def token(page: str) -> str:
    """The secret a form sends along."""
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found, page[:2000]
    return found[1]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port
