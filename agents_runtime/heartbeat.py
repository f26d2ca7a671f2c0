"""Keeping a lease alive while its run is worked on."""

from __future__ import annotations

import logging
import threading
from types import TracebackType

from django.conf import settings
from django.db import Error, connection

from reviews.actions import leases
from reviews.models import Run

logger = logging.getLogger(__name__)


class Heartbeat:
    """Renews the lease from a thread of its own, three times per lease, until it is lost or the work is done.

    ``lost`` is set as soon as the lease is known to be somebody else's: the work should begin nothing new.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self.lost = threading.Event()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease {run.pk}", daemon=True)
        self._every = getattr(settings, "FOUREYES_LEASE_SECONDS", 60) / 3

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._done.wait(self._every):
            try:
                if not leases.renew(self._run):
                    self.lost.set()
                    logger.warning("run %s was taken away from this worker", self._run.pk)
                    return
            except Error as error:
                logger.warning("the lease of run %s could not be renewed: %s", self._run.pk, error)
            finally:
                connection.close()
