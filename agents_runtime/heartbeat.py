"""Keeping the leases of all runs that this process works on, and telling a run at once when it has to end."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.conf import settings
from django.db import Error, connections

from agents_runtime import leaving
from agents_runtime.sdk import Recall
from reviews.actions import leases
from reviews.models import Run

logger = logging.getLogger(__name__)
LOOK = 1.0
"""Seconds between two looks at whether the runs are still ours: so long goes on what was stopped meanwhile."""


class Heartbeat:
    """One thread that looks after every lease of its process: three renewals per lease, a look each second.

    It tells a run to end when its lease is somebody else's, and when a worker that stops has waited long enough.
    """

    def __init__(self) -> None:
        self._held: dict[UUID | None, tuple[Run, Recall]] = {}
        self._changing = threading.Condition()
        self._thread: tuple[int, threading.Thread] | None = None
        self._renew_at = self._give_up_at = float("inf")

    @contextmanager
    def keep(self, run: Run) -> Iterator[Recall]:
        """Keep the lease while the block lasts; gives what tells the work to end."""
        recall = Recall()
        with self._changing:
            self._start()
            if not self._held:
                self._renew_at = time.monotonic() + _lease() / 3
            self._held[run.lease] = run, recall
            self._changing.notify()
        try:
            yield recall
        finally:
            with self._changing:
                self._held.pop(run.lease, None)

    def beat(self) -> None:
        """Renew what is due, look after the rest, and tell those that have to end."""
        with self._changing:
            held = list(self._held.values())
        if not held:
            return
        now = time.monotonic()
        is_due = now >= self._renew_at
        try:
            ours = (leases.renew if is_due else leases.kept)(*(run for run, _ in held))
        except Error as error:
            logger.warning("the leases of %d runs could not be renewed: %s", len(held), error)
            return
        if is_due:
            self._renew_at = now + _lease() / 3
        for run, recall in held:
            if run.lease not in ours:  # or it has just ended well, and nobody listens any more
                recall.tell("The run was taken away from this worker.")
            elif now >= self._give_up_at:
                recall.tell("This worker stops.")

    def _start(self) -> None:
        if self._thread is None or self._thread[0] != os.getpid():  # no thread survives the fork of a worker
            self._held.clear()
            thread = threading.Thread(target=self._go_on, name="leases", daemon=True)
            self._thread = (os.getpid(), thread)
            thread.start()

    def _go_on(self) -> None:
        while True:
            with self._changing:
                self._changing.wait_for(lambda: self._held)
            self._rest()
            try:
                self.beat()
            except Exception:
                logger.exception("a heartbeat failed; the next one tries again")
            finally:
                connections.close_all()

    def _rest(self) -> None:
        pause = min(LOOK, _lease() / 3)
        if self._give_up_at < float("inf"):
            time.sleep(min(pause, max(self._give_up_at - time.monotonic(), 0.05)))
        elif leaving.notice.given(within=pause):
            self._give_up_at = time.monotonic() + getattr(settings, "FOUREYES_STOP_SECONDS", 5)


def _lease() -> float:
    return float(getattr(settings, "FOUREYES_LEASE_SECONDS", 60))


heartbeat = Heartbeat()
"""That of this process."""
