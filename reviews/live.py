"""The bell: tells web processes, after the commit, that a run's history has grown. Ids and a number, never content."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from concurrent.futures import Future, wait
from typing import Any

from channels.layers import get_channel_layer
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db.models.signals import m2m_changed, post_delete, post_save

from reviews import events
from reviews.models import Membership

logger = logging.getLogger(__name__)
_loop: tuple[int, asyncio.AbstractEventLoop] | None = None
_starting = threading.Lock()
_ringing: set[Future[None]] = set()
_sight: Future[None] | None = None
_is_jammed = False

DESK = "desk"
"""The channel group of every web process that has pages open."""
PATIENCE = 2.0
"""Seconds for which one bell may ring: a channel layer that was frozen must not keep the next ones waiting."""
MAX_RINGING = 500
"""Bells that may ring at once; beyond them the channel layer has frozen, and new ones are dropped."""


def connect() -> None:
    """Ring for all that is recorded or traced, and when somebody signs out or may see more or less than before."""
    events.subscribe(events.Recorded, ring)
    events.subscribe(events.Traced, ring_run)
    events.subscribe(events.SightChanged, ring_sight)
    for signal in (post_save, post_delete):
        for model in (User, Membership):
            signal.connect(_sight_changed, sender=model, dispatch_uid=f"bell of {model.__name__}")
    post_delete.connect(_sight_changed, sender=Session, dispatch_uid="bell of sessions")
    m2m_changed.connect(_sight_changed, sender=User.groups.through, dispatch_uid="bell of roles")


def ring(event: events.Recorded) -> None:
    """Wake the processes, without waiting; a bell nobody hears is made good by the next one."""
    _ring({"type": "bell", "seq": event.seq, "run": str(event.run_id)})


def ring_run(event: events.Traced) -> None:
    """Wake those who watch the run: a model call began or ended, and no number tells of it."""
    _ring({"type": "traced", "run": str(event.run_id)})


def ring_sight(event: events.SightChanged) -> None:
    """A session, account, role or seat has changed: who listens is looked at anew. One bell for many at a time."""
    global _sight
    if _sight is None or _sight.done():
        _sight = _ring({"type": "sight"})


def _sight_changed(**_: Any) -> None:
    events.publish(events.SightChanged())


def _ring(message: dict[str, Any]) -> Future[None] | None:
    loop = _bell_loop()
    if _jammed():
        return None
    sending = asyncio.run_coroutine_threadsafe(_send(message), loop)
    _ringing.add(sending)
    sending.add_done_callback(_ringing.discard)
    sending.add_done_callback(_log_failure)
    return sending


def _jammed() -> bool:
    """Whether too many bells still ring; logged once, until they have been heard."""
    global _is_jammed
    was_jammed, _is_jammed = _is_jammed, len(_ringing) >= MAX_RINGING
    if _is_jammed and not was_jammed:
        logger.warning("%s bells wait for the channel layer; new ones are dropped until it answers", MAX_RINGING)
    return _is_jammed


def settle(seconds: float) -> None:
    """Wait, at most so long, for the bells still ringing: they die with the process, and a command's is short."""
    wait(_ringing.copy(), seconds)


async def _send(message: dict[str, Any]) -> None:
    layer = get_channel_layer()
    if layer is not None:
        async with asyncio.timeout(PATIENCE):
            await layer.group_send(DESK, message)


def _log_failure(sending: Future[None]) -> None:
    if error := sending.exception():
        logger.warning("the bell could not be rung; browsers catch up by themselves: %s", str(error) or "no answer")


def _bell_loop() -> asyncio.AbstractEventLoop:
    """One loop in one thread per process, made after a fork: its connection to the channel layer is kept open."""
    global _loop
    with _starting:
        if _loop is None or _loop[0] != os.getpid():
            _ringing.clear()  # the parent's bells: they ring there
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="bell", daemon=True).start()
            _loop = (os.getpid(), loop)
        return _loop[1]
