"""A connection to PostgreSQL that gives a silent server up, so that a frozen one costs seconds and never a process."""

from collections.abc import Generator
from time import monotonic
from typing import Any

import psycopg
from psycopg.waiting import Ready

BRIEF = 2.0
"""Seconds to wait for a server that has lately been silent: its next answer brings the full patience back."""

_seconds: float | None = None
_was_silent = False


def lose_after(seconds: float) -> None:
    """Give up on any answer that takes longer, in this process from now on. A command such as `migrate` never does."""
    global _seconds
    _seconds = seconds


class Impatient(psycopg.Connection[Any]):
    """Raises OperationalError, and is closed, when the server says nothing for too long."""

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **kwargs: Any) -> Any:
        """Let the operation run, but not for ever."""
        if _seconds is None:
            return super().wait(gen, *args, **kwargs)
        try:
            return super().wait(_bounded(gen, min(_seconds, BRIEF) if _was_silent else _seconds), *args, **kwargs)
        except Silence:
            self.pgconn.finish()  # an answer that comes late must not be taken for the next one's
            raise


class Silence(psycopg.OperationalError):
    """The server did not answer in time."""


def _bounded(gen: Generator[Any, Any, Any], seconds: float) -> Generator[Any, Any, Any]:
    """The same operation; psycopg wakes it several times a second, also when nothing has come."""
    global _was_silent
    deadline = monotonic() + seconds
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if ready == Ready.NONE and monotonic() > deadline:
                _was_silent = True
                raise Silence(f"the database did not answer within {seconds:g} seconds")
            wanted = gen.send(ready)
    except StopIteration as done:
        _was_silent = False
        return done.value
