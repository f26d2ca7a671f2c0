"""Reasons not to start, said before anything has started."""

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ALREADY_RUNNING, PORT_TAKEN, NO_SERVER = 3, 4, 5  # exit codes, so that scripts can tell them apart


class Refused(Exception):
    """Why the desk does not start; `code` is the exit code."""

    def __init__(self, why: str, code: int = 1) -> None:
        super().__init__(why)
        self.code = code


@contextmanager
def sole_owner(var: Path) -> Iterator[None]:
    """Hold the folder for as long as the block lasts; raises Refused where another process holds it."""
    path = var / "run" / "demo.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the kernel lets go of it, whatever kills us
        except BlockingIOError:
            lock.seek(0)
            pid = lock.read().strip() or "unknown"
            raise Refused(
                f"Foureyes is already running here (process {pid}, data in {var}). Stop it first, or give this one "
                "a folder of its own: make demo PORT=8001 VAR_DIR=…",
                ALREADY_RUNNING,
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def require_free_port(host: str, port: int) -> None:
    """Raise Refused where nobody can listen there now."""
    with socket.socket(socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            why = "is already in use" if taken else f"cannot be used ({error.strerror})"
            raise Refused(
                f"Port {port} on {host} {why}. Stop what listens there, or choose another: make demo PORT={port + 1}",
                PORT_TAKEN,
            ) from None
