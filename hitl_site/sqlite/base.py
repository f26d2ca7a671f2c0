"""Django's SQLite backend, in which the threads of one process take turns to write."""

from __future__ import annotations

import os
import threading
from typing import Any

from django.db.backends.sqlite3 import base

PATIENCE = 20.0
"""Seconds; then SQLite itself may say that the database is locked."""
_turn = threading.Lock()


def _forget_turns() -> None:
    global _turn
    _turn = threading.Lock()  # whoever had it stayed in the parent


os.register_at_fork(after_in_child=_forget_turns)


class DatabaseWrapper(base.DatabaseWrapper):
    """Waits for its turn before a transaction begins.

    SQLite knows one writer, and lets the others look in again after pauses: among fifty threads that all write, some
    would come too late each time, until their patience ends with "database is locked".
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._mine: threading.Lock | None = None

    def _start_transaction_under_autocommit(self) -> None:
        turn = _turn
        if turn.acquire(timeout=PATIENCE):
            self._mine = turn
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._pass_on()
            raise

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]
        self._pass_on()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._pass_on()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        mine, self._mine = self._mine, None
        if mine is not None:
            mine.release()
