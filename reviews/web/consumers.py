"""The sockets: woken by a bell or the clock, they read what is new for their user and send it as fragments."""

from __future__ import annotations

import asyncio
import logging
from importlib import import_module
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.db import Error as DatabaseError
from django.http import HttpRequest, QueryDict

from reviews import access, live, pulse
from reviews.states import OPEN
from reviews.web import board, clock, fragments, runs, texts, visible
from reviews.web.context import live_tick
from reviews.web.filters import Filter
from reviews.web.lanes import Look

SIGNED_OUT, NOT_FOUND, BROKEN = 4401, 4404, 1011
BELL_PATIENCE = 2.0
"""Seconds to wait for the channel layer."""
DEAF_TICK = 5.0
"""Seconds between two looks of a socket that can hear no bells; its page says so."""
logger = logging.getLogger(__name__)


class Gone(Exception):
    """The socket has to close; ``code`` says why."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(str(code))


class DeskConsumer(AsyncWebsocketConsumer):
    """One page's live line. It writes nothing and listens to nobody but the bell and the clock."""

    seq = 0
    clock_beat: bool | None = None
    """What the page was last told of the clock that fires time limits."""

    async def connect(self) -> None:
        """Accept first: a browser cannot tell why a socket was refused, so it would try for ever."""
        self.joined: set[str] = set()
        self.wanted: set[str] = set()
        self.hears = True
        self.turn = asyncio.Lock()
        await self.accept()
        self.seq = texts.number(self.query().get("since", ""))
        self.ticking = asyncio.create_task(self._tick())

    async def disconnect(self, code: int) -> None:
        """Leave without a trace."""
        self.ticking.cancel()
        await self._listen(set())

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Nothing that comes over the socket is read: decisions are HTTP requests."""

    async def bell(self, message: dict[str, Any]) -> None:
        """Something was recorded; skipped when an earlier bell has brought it along."""
        if message["seq"] > self.seq:
            await self._catch_up()

    async def traced(self, message: dict[str, Any]) -> None:
        """A run's trace has grown: there is no number to compare, so look."""
        await self._catch_up()

    async def echo(self, message: dict[str, Any]) -> None:
        """What this socket says to itself, see ``_listen``."""

    def query(self) -> QueryDict:
        """The query of the address the browser connected to."""
        return QueryDict(self.scope["query_string"])

    def groups_for(self, user: User) -> set[str]:
        """The bells this socket listens to. Raises Gone."""
        raise NotImplementedError

    def news(self, user: User) -> fragments.Changes:
        """What is new since ``self.seq``."""
        raise NotImplementedError

    async def _tick(self) -> None:
        while True:
            await self._catch_up(is_tick=True)
            await asyncio.sleep(live_tick() if self.hears else min(live_tick(), DEAF_TICK))

    async def _catch_up(self, *, is_tick: bool = False) -> None:
        """Look who is there, then send what is new. A tick also says that the line is alive."""
        try:
            async with self.turn:
                user = await database_sync_to_async(self._present)()
                if is_tick:
                    self.wanted = await database_sync_to_async(self.groups_for)(user)
                    self.hears = await self._listen(self.wanted)
                changes = await database_sync_to_async(self.news)(user)
                html = changes.html + (await database_sync_to_async(self._of_the_clock)() if is_tick else "")
                is_news = changes.html or changes.seq > self.seq
                self.seq = max(self.seq, changes.seq)
                if is_news or is_tick:
                    await self.send(text_data=visible.shown(html) + fragments.mark(self.seq, is_live=self.hears))
        except Gone as gone:
            await self.close(code=gone.code)
        except DatabaseError as error:
            logger.warning("a live line lost the database; the browser will open another: %s", error)
            await self.close(code=BROKEN)
        except Exception:
            logger.exception("a live line broke; the browser will open another")
            await self.close(code=BROKEN)

    def _of_the_clock(self) -> str:
        """The banner about the clock, where its state is not the one last told."""
        told, self.clock_beat = self.clock_beat, pulse.beats()
        return "" if told == self.clock_beat else clock.fragment(beats=self.clock_beat)

    def _present(self) -> User:
        """The user, if the session still stands and the account is active. Raises Gone."""
        key = getattr(self.scope.get("session"), "session_key", None)
        session = import_module(settings.SESSION_ENGINE).SessionStore(key)
        user = get_user(cast(HttpRequest, SimpleNamespace(session=session)))
        if not user.is_authenticated or not user.is_active:
            raise Gone(SIGNED_OUT)
        return user

    async def _listen(self, groups: set[str]) -> bool:
        """Join these groups and leave the others; whether the channel layer is there, which only asking it shows."""
        try:
            async with asyncio.timeout(BELL_PATIENCE):
                for group in groups - self.joined:
                    await self.channel_layer.group_add(group, self.channel_name)
                    self.joined.add(group)
                for group in self.joined - groups:
                    await self.channel_layer.group_discard(group, self.channel_name)
                    self.joined.discard(group)
                if groups:
                    await self.channel_layer.send(self.channel_name, {"type": "echo"})
        except Exception as error:  # whatever the layer is made of
            if self.hears:
                logger.warning("a live line hears no bells and looks by itself: %s", str(error) or "no answer")
            return False
        return True


class InboxConsumer(DeskConsumer):
    """Keeps one open inbox true to the database."""

    def groups_for(self, user: User) -> set[str]:
        """The bells of the queues they may read, and of those from which a question came to them."""
        called_in = user.call_ins.filter(intervention__status__in=OPEN).values_list("intervention__queue", flat=True)
        return {live.queue_group(pk) for pk in {*access.visible_queues(user).values_list("pk", flat=True), *called_in}}

    def news(self, user: User) -> fragments.Changes:
        """The rows that changed, as the filters of this page show them; who has no queue learns not even a number."""
        if not self.wanted:
            return fragments.Changes("", self.seq)
        return fragments.since(user, Filter.read(self.query()), self.seq)


class BoardConsumer(DeskConsumer):
    """Tells one open board that it has changed."""

    def groups_for(self, user: User) -> set[str]:
        """The bells of the queues they manage. Raises Gone where there is none any more."""
        managed = set(access.managed_queues(user).values_list("pk", flat=True))
        if not managed:
            raise Gone(NOT_FOUND)
        return {live.queue_group(pk) for pk in managed}

    def news(self, user: User) -> fragments.Changes:
        """Whether anything changed in these queues."""
        return board.news(user, Look.read(self.query()), self.seq)


class RunConsumer(DeskConsumer):
    """Keeps one run's open page true to the database; ``mark`` is how far the page has come."""

    mark = ""

    @property
    def run_id(self) -> UUID:
        """The run in the address."""
        return cast(UUID, self.scope["url_route"]["kwargs"]["run_id"])

    def groups_for(self, user: User) -> set[str]:
        """The bell of this run."""
        if not access.visible_runs(user).filter(pk=self.run_id).exists():
            raise Gone(NOT_FOUND)
        return {live.run_group(self.run_id)}

    def news(self, user: User) -> fragments.Changes:
        """The run's page as it is now."""
        now_at = fragments.newest()
        since = self.mark or self.query().get("since", "")
        html, self.mark = runs.live_fragments(user, self.run_id, since)
        return fragments.Changes(html, now_at)
