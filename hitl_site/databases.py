"""Addresses of databases, and how Django is to open them."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from hitl_site import env
from hitl_site.patience import Impatient

CONNECTIONS_PER_PROCESS = 10
POOL: dict[str, Any] = {
    "connection_class": Impatient,
    "min_size": 1,
    # Seconds until a page that finds no connection, free or new, says so.
    "timeout": 5,
    # With its own five minutes the pool asks ever more seldom, and is away long after the database has come back.
    "reconnect_timeout": 3,
}
CONNECT_TIMEOUT = 3  # seconds
SERVER_SETTINGS = "-c idle_in_transaction_session_timeout=60s"
"""A host that vanished within a transaction keeps its locks, and with them the desk, until PostgreSQL gives it up."""
SQLITE_PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=67108864;"


def read(name: str, default: str, *, connections: int = CONNECTIONS_PER_PROCESS) -> dict[str, Any]:
    """Django's entry for a postgresql:// or sqlite:/// address; raises ImproperlyConfigured for others.

    `connections` is how many one process may open to a PostgreSQL.
    """
    url = env.text(name, default)
    parts = urlsplit(url)
    if parts.scheme in {"postgresql", "postgres"} and parts.path.startswith("/") and parts.path != "/":
        return _postgresql(url, connections)
    if parts.scheme == "sqlite" and not parts.netloc and parts.path.startswith("//"):
        return _sqlite(unquote(parts.path[1:]))
    raise ImproperlyConfigured(f"{name} must look like postgresql://user:password@host/name or sqlite:////folder/file.")


def sqlite_url(path: Path | str) -> str:
    """The address of the SQLite database in a file, named by its whole path."""
    return f"sqlite:///{quote(str(path))}"


def _postgresql(url: str, connections: int) -> dict[str, Any]:
    parts = urlsplit(url)
    options: dict[str, Any] = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    host = options.pop("host", parts.hostname or "")  # ?host=/run/postgresql is a unix socket
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "CONN_HEALTH_CHECKS": True,
        # A web process serves each request in a thread of its own, and a connection kept by a thread that has ended is
        # lost until the garbage collector finds it. So the process keeps them, and lends them out.
        "OPTIONS": {
            "pool": {**POOL, "max_size": connections},
            "connect_timeout": CONNECT_TIMEOUT,
            "options": SERVER_SETTINGS,
            **options,
        },
    }


def _sqlite(path: str) -> dict[str, Any]:
    return {
        "ENGINE": "hitl_site.sqlite",
        "NAME": path,
        # A file also in tests: web and worker are processes of their own and must see the same one.
        "TEST": {"NAME": f"{path}.test"},
        # IMMEDIATE takes the write lock when a transaction begins. Taken later, by the first write, two readers who
        # both go on to write would wait for each other, and SQLite ends that with "database is locked" at once.
        "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": SQLITE_PRAGMAS},
    }
