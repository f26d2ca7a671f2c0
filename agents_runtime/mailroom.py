"""The clock's hand that sends messages: a thread of its own, so that a slow mail server makes no timer late."""

from __future__ import annotations

import logging
import threading

from django.db import connection
from django.utils import timezone

from agents_runtime import leaving
from reviews.notices import sending

logger = logging.getLogger(__name__)
_at_work = threading.Lock()


def send() -> threading.Thread | None:
    """Begin a round of sending beside whatever the clock does; None while the last one still goes on.

    The round is bounded in messages and in time, and ends early where the process is told to leave.
    """
    if not _at_work.acquire(blocking=False):
        return None
    thread = threading.Thread(target=_round, name="mailroom")
    thread.start()
    return thread


def _round() -> None:
    try:
        sending.send_due(timezone.now(), stop=leaving.notice.given)
    except Exception:  # the database went away; what was in hand is due again when its lease ends
        logger.exception("a round of sending broke off; the next one goes on")
    finally:
        connection.close()
        _at_work.release()
