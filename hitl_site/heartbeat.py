"""Calls a service outside after each round of the watchdog: where the calls stop coming, it raises the alarm for us.

In a thread of its own, for the clock does one thing at a time and no sweep may wait for somebody else's server.
"""

import logging
from http.client import HTTPException
from threading import Lock, Thread
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from celery.signals import task_success
from django.conf import settings

from reviews import pulse

logger = logging.getLogger(__name__)
ROUND = "agents_runtime.tasks.watch"
PATIENCE = 10.0
"""Seconds to wait for the service to say something."""

_calling = Lock()
_is_failing = False


class NoDetours(HTTPRedirectHandler):
    """The address of a heartbeat is a secret: it is sent nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


@task_success.connect(weak=False)
def after_round(sender: Any = None, result: Any = None, **_: Any) -> None:
    """The watchdog went its round; ``result`` is how many severe findings are open."""
    if getattr(sender, "name", "") == ROUND and settings.FOUREYES_HEARTBEAT_URL:
        beat(is_well=not result)


def beat(*, is_well: bool) -> Thread | None:
    """Call the service, or its ``/fail``, without waiting; None where no call is due.

    No call of any sort while no sweep succeeds: that silence is the alarm. None either while an earlier one hangs.
    """
    if not pulse.beats():
        return None
    url = settings.FOUREYES_HEARTBEAT_URL if is_well else _failing(settings.FOUREYES_HEARTBEAT_URL)
    if not _calling.acquire(blocking=False):
        _note("the call before has not ended")
        return None
    thread = Thread(target=_call, args=(url,), name="heartbeat", daemon=True)
    thread.start()
    return thread


def _call(url: str) -> None:
    try:
        with build_opener(NoDetours).open(Request(url, headers={"User-Agent": "Foureyes"}), timeout=PATIENCE):
            _note("")
    except HTTPError as error:
        error.close()
        _note(f"it answered {error.code}")
    except (OSError, HTTPException, ValueError) as error:
        _note(str(error) or type(error).__name__)
    finally:
        _calling.release()


def _note(problem: str) -> None:
    """Log the first failure in a row, and that it is over. Not the address: whoever knows it can beat for us."""
    global _is_failing
    was_failing, _is_failing = _is_failing, bool(problem)
    if problem and not was_failing:
        logger.warning("the heartbeat could not be sent, it is tried again after each round: %s", problem)
    elif was_failing and not problem:
        logger.info("the heartbeat is sent again")


def _failing(url: str) -> str:
    """Where such services take the news that something is wrong."""
    parts = urlsplit(url)
    return parts._replace(path=f"{parts.path.rstrip('/')}/fail").geturl()
