"""What this process can run, and telling the others so for as long as it lives."""

from __future__ import annotations

import logging
import os
import socket
import threading

from django.conf import settings
from django.db import Error, connections

from agents_runtime import leaving, registry, sdk
from reviews.actions import fleet, policy_defaults
from reviews.actions.fleet import Abilities

logger = logging.getLogger(__name__)


def name() -> str:
    """What this process is called in the rows of runs and workers."""
    return f"{socket.gethostname()}:{os.getpid()}"


def abilities() -> Abilities:
    """What this process can run."""
    return Abilities(registry.versions(), sdk.READABLE_SCHEMAS, sdk.SCHEMA_VERSION, sdk.SDK_VERSION)


def join(places: int) -> None:
    """Announce this process, at once and from then on, until it is told to stop."""
    threading.Thread(target=_announce, args=(places,), name="fleet", daemon=True).start()


def require_not_older() -> None:
    """Raises TooOld where this process could not read what others have written, unless that is allowed."""
    try:
        if not settings.FOUREYES_ALLOW_MIXED_FLEET:
            fleet.require_not_older(abilities())
    finally:
        _disconnect()  # the pool's processes are forked next, and must not inherit it


def make_first_policies() -> None:
    """See that what the agents' code says, and the starter set of a fresh install, are among the policies."""
    try:
        policy_defaults.meet_all()
    except Error as error:  # each agent is met again at its first gate
        logger.warning("the first policies could not be made: %s", error)
    finally:
        _disconnect()


def _announce(places: int) -> None:
    is_leaving = False
    while not is_leaving:
        try:
            fleet.announce(name(), places, abilities())
        except Error as error:
            logger.warning("this worker could not be announced: %s", error)
        finally:
            connections.close_all()
        is_leaving = leaving.notice.given(within=settings.FOUREYES_LEASE_SECONDS / 3)
    try:
        fleet.leave(name())
    except Error as error:
        logger.warning("this worker could not be signed off: %s", error)
    finally:
        connections.close_all()


def _disconnect() -> None:
    for connection in connections.all(initialized_only=True):
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()
