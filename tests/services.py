"""A pytest plugin: private servers for this session, started before Django reads its settings, gone after it."""

import atexit
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from redis import Redis
from redis.exceptions import RedisError

from hitl_site import embedded
from tests.need_postgres import MEND, find_postgres

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = {
    "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
    "DEBUG": "0",
    "DJANGO_ALLOW_ASYNC_UNSAFE": "true",  # Playwright's synchronous face keeps an event loop in this thread
    "FOUREYES_DEMO_AGENTS": "1",
    "FOUREYES_WAIT_FOR_WORKER": "0",
    "LOG_JSON": "0",
    "SITE_ORIGINS": "http://testserver",
    "STATIC_FROM_SOURCE": "1",
}
FOREIGN = ("BROKER_URL", "DATABASE_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL", "PORT", "REDIS_URL", "FOUREYES_MODEL")
POSTGRES_OPTIONS = ("listen_addresses=", "fsync=off", "synchronous_commit=off", "full_page_writes=off")


def on_postgres() -> bool:
    """Whether this session proves the production stack."""
    return os.environ.get("TEST_STACK") == "postgres"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Start the servers and tell the settings where they are."""
    for name in FOREIGN:
        os.environ.pop(name, None)
    os.environ.update(ENVIRONMENT, SECRET_KEY=secrets.token_urlsafe(60), VAR_DIR=str(_folder("var")))
    os.environ["REDIS_URL"] = start_valkey()
    if on_postgres():
        os.environ["DATABASE_URL"] = start_postgres()


def start_valkey() -> str:
    """The address of a private Valkey, which keeps nothing on disk."""
    folder = _folder("valkey")
    binary = embedded.server_binary()
    if binary is None:
        pytest.exit("No Valkey and no Redis server here: install one of them.", 4)
    socket = folder / "valkey.sock"
    options = ("--port", "0", "--unixsocket", str(socket), "--dir", str(folder), "--save", "", "--loglevel", "warning")
    process = _start([binary, *options], signal.SIGTERM)
    url = f"unix://{socket}?db=0"
    with Redis.from_url(url) as client:
        _wait_until(client.ping, RedisError, process)
    return url


def start_postgres(options: Sequence[str] = POSTGRES_OPTIONS) -> str:
    """The address of a private PostgreSQL on a unix socket, which forgets everything with its folder."""
    programs = find_postgres()
    if programs is None:
        pytest.exit(MEND, 4)
    folder = _folder("postgres")
    data, disguise = folder / "data", _not_root(folder)
    init = [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run([*disguise, *init], check=True, cwd=folder, stdout=subprocess.DEVNULL)
    words = [word for option in options for word in ("-c", option)]
    serve = [*disguise, programs / "postgres", "-D", data, "-k", folder, *words]
    process = _start(serve, signal.SIGINT, cwd=folder)  # SIGINT: end the sessions, then yourself
    url = f"postgresql://postgres@/postgres?host={folder}"
    _wait_until(lambda: psycopg.connect(url).close(), psycopg.OperationalError, process)
    return url


def _not_root(folder: Path) -> list[str]:
    """What to put before PostgreSQL's commands, which refuse to serve root, so that another account runs them."""
    if os.geteuid() != 0:
        return []
    accounts = {account.pw_name: account for account in pwd.getpwall()}
    account = accounts.get("postgres") or accounts["nobody"]
    os.chown(folder, account.pw_uid, account.pw_gid)
    # A change of user clears the wish to die with the parent: setpriv repeats it.
    who = (f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups", "--pdeathsig=SIGINT")
    return ["setpriv", *who]


def _folder(name: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=f"foureyes-{name}-"))  # short: a socket's path has about 100 bytes
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _start(argv: list[Any], stop_signal: signal.Signals, **kwargs: Any) -> subprocess.Popen[bytes]:
    tied = {"SUPERVISOR_PID": str(os.getpid()), "DEATH_SIGNAL": str(int(stop_signal)), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "hitl_site.child", *map(str, argv)],
        env={**os.environ, **tied},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        **kwargs,
    )
    atexit.register(_stop, process, stop_signal)
    return process


def _stop(process: subprocess.Popen[bytes], stop_signal: signal.Signals) -> None:
    process.send_signal(stop_signal)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()


def _wait_until(ready: Callable[[], object], not_yet: type[Exception], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            ready()
            return
        except not_yet:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
