"""The real thing for browser tests: daphne, a Celery worker and the clock as processes of their own."""

import os
import socket
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from playwright.sync_api import BrowserContext, Page
from pytest_django import DjangoDbBlocker

from hitl_site import celery, databases
from hitl_site.supervisor import parts, probes
from hitl_site.supervisor.process import Process
from reviews import pulse
from reviews.models import Run
from reviews.states import RunStatus
from tests.need_browser import MEND, find_browser, in_ci

HOST = "127.0.0.1"
CHROMIUM_ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]


class Stack:
    """The processes, on the test database and the test broker. A test may stop and start any of them."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.port = _free_port()
        self.url = f"http://{HOST}:{self.port}"
        self.processes: dict[str, Process] = {}
        self._folder = folder
        self._environment = {**os.environ, "DATABASE_URL": database_url, "SITE_ORIGINS": self.url}
        self._parts = {part.name: part for part in (parts.web(HOST, self.port), parts.worker(), parts.clock())}

    def start(self, *names: str) -> None:
        """Start them and wait until they answer."""
        for name in names:
            self.processes[name] = Process(self._parts[name], self._environment, self._write)
        self.wait_until_up(*names)

    def start_with(self, name: str, **environment: str) -> None:
        """Start one with settings of its own, and wait until it answers."""
        self.processes[name] = Process(self._parts[name], self._environment | environment, self._write)
        self.wait_until_up(name)

    def wait_until_up(self, *names: str, seconds: float = 60) -> None:
        """Return once each of them answers; raises with its log when it ends instead."""
        up = {"web": lambda: probes.web_answers(HOST, self.port), "worker": probes.worker_answers, "clock": pulse.beats}
        deadline = time.monotonic() + seconds
        for name in names:
            while not up.get(name, lambda: True)():
                if self.processes[name].exit_code is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{name} is not up:\n{self.log(name)[-3000:]}")
                time.sleep(0.05)

    def stop(self, *names: str) -> None:
        """Stop them as the supervisor would."""
        for name in names:
            self.processes[name].ask_to_stop()
        for name in names:
            self.processes[name].wait()
            self.processes.pop(name).kill()

    def kill(self, name: str) -> None:
        """kill -9, pool processes included."""
        self.processes.pop(name).kill()
        if name == "worker":
            forget_tasks(only_delivered=True)  # the broker gives them back after an hour, for which no test waits

    def restore(self) -> None:
        """Start what a test left dead."""
        for name in self._parts:
            if name not in self.processes or self.processes[name].exit_code is not None:
                self.start(name)

    def require_alive(self) -> None:
        """Raise with its log where a process ended that no test stopped."""
        for name, process in self.processes.items():
            if process.exit_code is not None:
                raise RuntimeError(f"{name} ended with {process.exit_code}:\n{self.log(name)[-3000:]}")

    def settle(self, seconds: float = 15) -> None:
        """Return once no task is queued, delivered or running; drop what is left when time is up."""
        deadline = time.monotonic() + seconds
        with celery.app.connection_for_write() as broker:
            channel: Any = broker.default_channel
            name = celery.app.conf.task_default_queue
            while time.monotonic() < deadline:
                if not channel.client.llen(name) and not channel.client.hlen(channel.unacked_key):
                    return
                time.sleep(0.02)
        # A worker that was killed leaves its last message behind, although the work is done.
        forget_tasks()
        Run.objects.filter(status=RunStatus.QUEUED).delete()

    def log(self, name: str) -> str:
        """All it printed."""
        path = self._folder / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def _write(self, name: str, line: str) -> None:
        with (self._folder / f"{name}.log").open("a") as log:
            log.write(line + "\n")


def forget_tasks(*, only_delivered: bool = False) -> None:
    """Empty the broker, or let it forget what it delivered and nobody acknowledged."""
    with celery.app.connection_for_write() as broker:
        channel: Any = broker.default_channel  # that of the Redis transport
        waiting = [] if only_delivered else [celery.app.conf.task_default_queue]
        channel.client.delete(*waiting, channel.unacked_key, channel.unacked_index_key)


@pytest.fixture(scope="session")
def stack(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Stack]:
    """All three processes, for the whole session."""
    with django_db_blocker.unblock():
        url = _test_database_url()
    made = Stack(tmp_path_factory.mktemp("stack"), url)
    forget_tasks()  # earlier tests announced runs that are gone
    try:
        made.start("web", "worker", "clock")
        yield made
    finally:
        made.stop(*made.processes)


@pytest.fixture
def live(stack: Stack, transactional_db: None) -> Generator[Stack]:
    """The stack with an empty database; afterwards it has come to rest, so that nothing writes into the next test."""
    stack.restore()
    yield stack
    stack.require_alive()
    stack.restore()
    stack.settle()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """How to start Chromium; without one the test fails in CI and is skipped, loudly, elsewhere."""
    executable = find_browser()
    if executable is None:
        pytest.fail(MEND) if in_ci() else pytest.skip(MEND)
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium has no sandbox for root
    return {**browser_type_launch_args, "executable_path": executable, "args": CHROMIUM_ARGUMENTS + sandbox}


def sign_in(where: BrowserContext | Page, person: User, url: str) -> None:
    """Give the browser a session of that person, without the form."""
    client = Client()
    client.force_login(person)
    context = where.context if isinstance(where, Page) else where
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": url}])


def _test_database_url() -> str:
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return databases.sqlite_url(name)
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port
