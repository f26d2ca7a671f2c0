"""One HTTP POST to a checked address: pinned, no redirects, no proxies, limited in time and size."""

from __future__ import annotations

import http.client
import math
import socket
import ssl
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from reviews.notices.guard import Target

LONGEST_ANSWER = 64 * 1024


@dataclass(frozen=True)
class Answer:
    """What came back: the status, and the seconds to wait that it asked for. Its text is nobody's to read."""

    status: int
    wait: float | None


class _Pinned(http.client.HTTPConnection):
    """Speaks to the address that was checked, whatever its name means by now."""

    def __init__(self, target: Target, step: float) -> None:
        super().__init__(target.host, target.port, timeout=step)
        self._target = target

    def connect(self) -> None:
        self.sock = socket.create_connection((str(self._target.address), self._target.port), self.timeout)
        if self._target.scheme == "https":  # the handshake comes later, when the time is limited
            self.sock = ssl.create_default_context().wrap_socket(
                self.sock, server_hostname=self._target.host, do_handshake_on_connect=False
            )


def post(target: Target, body: bytes, headers: Mapping[str, str], *, connect: float, seconds: float) -> Answer:
    """Send it and read the answer within so many seconds, ``connect`` of them for each silence.

    Raises OSError, HTTPException.
    """
    connection = _Pinned(target, connect)
    try:
        connection.connect()
        with cut_off(connection.sock, seconds):
            if isinstance(connection.sock, ssl.SSLSocket):
                connection.sock.do_handshake()
            connection.request("POST", target.path, body, {**headers, "Connection": "close"})
            with connection.getresponse() as answer:
                answer.read(LONGEST_ANSWER)  # so that the other side can finish
    finally:
        connection.close()
    return Answer(answer.status, _seconds(answer.getheader("Retry-After")))


@contextmanager
def cut_off(sock: socket.socket | None, seconds: float) -> Generator[None]:
    """Close the line after so many seconds: timeouts count silences, and a slow server never falls silent."""

    def cut() -> None:
        if sock is not None:
            with suppress(OSError):  # it has gone by itself
                sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _seconds(value: str | None) -> float | None:
    """What Retry-After says in seconds; its other form, a date, is not worth trusting a foreign clock for."""
    try:
        seconds = float(value or "")
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds > 0 else None
