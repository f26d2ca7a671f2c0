"""Typed readers of environment variables that refuse what they do not understand. An empty variable counts as unset."""

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})
SQLITE_PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=67108864;"


def text(name: str, default: str = "") -> str:
    """The variable without surrounding blanks, or the default."""
    return os.environ.get(name, "").strip() or default


def required(name: str, why: str) -> str:
    """The variable; raises ImproperlyConfigured, saying why it is needed, where there is none."""
    if value := text(name):
        return value
    raise ImproperlyConfigured(f"{name} is not set. {why}")


def flag(name: str, *, default: bool) -> bool:
    """A yes or a no; raises ImproperlyConfigured for anything else."""
    value = text(name).lower()
    if not value:
        return default
    if value in TRUE | FALSE:
        return value in TRUE
    raise ImproperlyConfigured(f"{name}={value!r} is neither yes nor no. Use 1 or 0.")


def number(name: str, default: int, *, least: int, most: int) -> int:
    """A whole number from `least` to `most`; raises ImproperlyConfigured outside of them."""
    value = text(name, str(default))
    try:
        parsed = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number.") from None
    if not least <= parsed <= most:
        raise ImproperlyConfigured(f"{name}={parsed} is not between {least} and {most}.")
    return parsed


def choice(name: str, default: str, *, of: Collection[str]) -> str:
    """One of a few words; raises ImproperlyConfigured for another."""
    value = text(name, default)
    if value not in of:
        raise ImproperlyConfigured(f"{name}={value!r} is unknown. Use one of: {', '.join(sorted(of))}.")
    return value


def words(name: str, default: Collection[str] = ()) -> list[str]:
    """The parts between commas."""
    return [word.strip() for word in text(name).split(",") if word.strip()] or list(default)


def origins(name: str, default: Collection[str] = ()) -> list[str]:
    """Web origins such as https://desk.example.org; raises ImproperlyConfigured for anything shorter or longer."""
    found = [word.rstrip("/") for word in words(name, default)]
    for origin in found:
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or not parts.hostname or f"{parts.scheme}://{parts.netloc}" != origin:
            raise ImproperlyConfigured(f"{name}: {origin!r} is not an origin. Write it like https://desk.example.org.")
    return found


def database(name: str, default: str) -> dict[str, Any]:
    """Django's entry for a postgresql:// or sqlite:/// address; raises ImproperlyConfigured for others."""
    url = text(name, default)
    parts = urlsplit(url)
    if parts.scheme in {"postgresql", "postgres"} and parts.path.startswith("/") and parts.path != "/":
        return _postgresql(url)
    if parts.scheme == "sqlite" and not parts.netloc and parts.path.startswith("//"):
        return _sqlite(unquote(parts.path[1:]))
    raise ImproperlyConfigured(f"{name} must look like postgresql://user:password@host/name or sqlite:////folder/file.")


def sqlite_url(path: Path | str) -> str:
    """The address of the SQLite database in a file, named by its whole path."""
    return f"sqlite:///{quote(str(path))}"


def _postgresql(url: str) -> dict[str, Any]:
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
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def _sqlite(path: str) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        # A file also in tests: web and worker are processes of their own and must see the same one.
        "TEST": {"NAME": f"{path}.test"},
        # IMMEDIATE takes the write lock when a transaction begins. Taken later, by the first write, two readers who
        # both go on to write would wait for each other, and SQLite ends that with "database is locked" at once.
        "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": SQLITE_PRAGMAS},
    }
