"""`manage.py demo` as a newcomer meets it: a process of its own, in a folder of its own, with nothing configured."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from hitl_site import demo_data
from hitl_site.supervisor import guards
from hitl_site.supervisor.process import ROOT

CONFIGURED = (
    "ALLOWED_HOSTS", "BROKER_URL", "DATABASE_URL", "DEBUG", "DJANGO_SETTINGS_MODULE", "FOUREYES_DEMO_AGENTS",
    "LOG_JSON", "PORT", "REDIS_URL", "SECRET_KEY", "SITE_ORIGINS", "STATIC_FROM_SOURCE",
)  # fmt: skip
PATIENCE = 90  # seconds; the machine may be busy with other tests

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for left-over processes in /proc")


class Desk:
    """One `manage.py demo`."""

    def __init__(self, var: Path, *options: str, port: int | None = None, **environment: str) -> None:
        self.var, self.port = var, port or free_port()
        bare = {name: value for name, value in os.environ.items() if name not in CONFIGURED}
        self.log = var.parent / f"demo-{self.port}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "demo", *options],
                cwd=ROOT,
                env={**bare, "VAR_DIR": str(var), "PORT": str(self.port), **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self.log.read_text()

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, self.said
            time.sleep(0.1)

    def until_ready(self) -> "Desk":
        self.until(lambda: "Foureyes is ready" in self.said or self.process.poll() is not None)
        assert self.process.poll() is None, self.said
        return self

    def get(self, path: str) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def answers(self) -> bool:
        try:
            return self.get("/healthz")[0] == 200
        except (OSError, HTTPException):
            return False

    def exit_code(self) -> int:
        return self.process.wait(PATIENCE)

    def children(self, name: str = "") -> list[int]:
        """Processes that carry this desk's folder in their environment: its children, whoever adopted them."""
        mark = f"VAR_DIR={self.var}".encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                environment, command = (entry / "environ").read_bytes(), (entry / "cmdline").read_bytes()
            except OSError:
                continue  # it has just ended
            is_ours = (
                mark in environment.split(b"\0") or os.fsencode(self.var) in command
            )  # Valkey overwrites the former
            if is_ours and name.encode() in command and int(entry.name) != self.process.pid:
                found.append(int(entry.name))
        return found

    def kill_children(self) -> None:
        for pid in self.children():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def start(tmp_path):
    """Start desks in folders of this test; none of their processes outlives it."""
    started: list[Desk] = []

    def start(*options: str, var: Path = tmp_path / "var", port: int | None = None, **environment: str) -> Desk:
        started.append(Desk(var, *options, port=port, **environment))
        return started[-1]

    yield start
    for desk in started:
        desk.process.kill()
        desk.process.wait()
        if desk.var.is_relative_to(tmp_path):  # others are in use
            desk.kill_children()


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A desk that all tests of this file may look at."""
    desk = Desk(tmp_path_factory.mktemp("running") / "var").until_ready()
    yield desk
    desk.process.kill()
    desk.process.wait()
    desk.kill_children()


class TestStart:
    def test_tells_the_newcomer_address_people_and_password(self, running):
        assert running.answers()
        assert f"http://127.0.0.1:{running.port}/" in running.said
        assert demo_data.PASSWORD in running.said
        assert all(person.username in running.said for person in demo_data.PEOPLE)
        assert "demo runs were started" in running.said

    def test_counts_no_other_process_among_those_that_run_agents(self, running):
        with closing(sqlite3.connect(running.var / "db.sqlite3")) as database:
            running.until(lambda: database.execute("SELECT places FROM reviews_worker").fetchall() == [(50,)])

    def test_shows_the_newcomer_our_own_page_for_a_mistyped_address(self, running):
        status, page = running.get("/inbax/")

        assert status == 404
        assert "Foureyes" in page and "DEBUG" not in page
        assert "urlpatterns" not in page and "URLconf" not in page

    def test_refuses_to_be_the_second_in_the_same_folder(self, running, start):
        twin = start(var=running.var)

        assert twin.exit_code() == guards.ALREADY_RUNNING
        assert f"already running here (process {running.process.pid}" in twin.said
        assert "Traceback" not in twin.said
        assert running.answers(), "and the first one never notices"

    def test_refuses_a_port_that_is_taken_and_names_another(self, running, start):
        neighbour = start(port=running.port)

        assert neighbour.exit_code() == guards.PORT_TAKEN
        assert f"Port {running.port} on 127.0.0.1 is already in use" in neighbour.said
        assert f"make demo PORT={running.port + 1}" in neighbour.said
        assert "Traceback" not in neighbour.said

    def test_is_for_development_only(self, start):
        production = {"DEBUG": "0", "SECRET_KEY": "k" * 60, "ALLOWED_HOSTS": "desk", "SITE_ORIGINS": "https://desk"}
        desk = start(**production)

        assert desk.exit_code() == 1
        assert "never runs in production (DEBUG=0)" in desk.said

    def test_says_so_where_the_configured_redis_is_away(self, start):
        desk = start(REDIS_URL="redis://127.0.0.1:1/0")

        assert desk.exit_code() == guards.NO_SERVER
        assert "Nothing answers at REDIS_URL" in desk.said


class TestWatch:
    @pytest.mark.parametrize(("name", "program"), [("web", "daphne"), ("valkey", "valkey-server")])
    def test_replaces_what_dies(self, running, name, program):
        victims = running.children(program)
        assert len(victims) == 1, running.said
        os.kill(victims[0], signal.SIGKILL)

        running.until(lambda: f"{name} ended with -9; starting it again" in running.said)
        running.until(running.answers)


class TestStop:
    def test_leaves_nothing_behind_but_the_data(self, start):
        first = start().until_ready()
        first.process.send_signal(signal.SIGTERM)
        assert first.exit_code() == 0, first.said
        assert first.children() == []
        assert not first.answers()

        second = start().until_ready()
        assert "demo runs were started" not in second.said, "those of the first time are still there"
        second.process.send_signal(signal.SIGINT)
        assert second.exit_code() == 0, second.said
        assert second.children() == []

    def test_takes_everything_along_when_it_is_killed(self, start):
        desk = start().until_ready()
        assert len(desk.children()) >= 5  # Valkey, web, worker, one or more of its pool, clock
        desk.process.kill()
        desk.process.wait()

        desk.until(lambda: desk.children() == [])  # whatever the worker was doing for the first runs
        again = start("--check")
        assert again.exit_code() == 0, again.said
