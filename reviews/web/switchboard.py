"""One per web process: it hears each bell once, reads once, and hands every open page its own words.

A page that something did not reach in time catches up from its own number, by a look of its own.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from typing import Any, ClassVar

from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from django.db import Error as DatabaseError

from reviews.access import Sight
from reviews.web import bell, clock, counting, guard, news
from reviews.web.context import live_tick
from reviews.web.courier import Courier
from reviews.web.endings import BROKEN, SIGNED_OUT
from reviews.web.hearing import Hearing, Message
from reviews.web.lines import BoardLine, InboxLine, Line, ListLine, RunLine
from reviews.web.reader import Reader
from reviews.web.view import BoardView, View

GUARD = 2.0
"""Seconds between two looks at who still may listen; a bell leads to one at once."""
DEAF_TICK = 5.0
"""Seconds between two looks while no bell is heard; the pages say so."""
BEAT = 1.0
"""Seconds between two rounds of signs of life."""
QUIET, AT_LATEST = 0.2, 1.0
"""Seconds without a change after which the head follows the rows, and the longest they wait."""
logger = logging.getLogger(__name__)


class Switchboard:
    """All it does happens on one event loop, so its state needs no lock."""

    _boards: ClassVar[dict[asyncio.AbstractEventLoop, Switchboard]] = {}

    @classmethod
    def here(cls) -> Switchboard:
        """The one of this event loop."""
        loop = asyncio.get_running_loop()
        if loop not in cls._boards:
            cls._boards[loop] = cls()
        return cls._boards[loop]

    def __init__(self) -> None:
        self.inboxes: set[InboxLine] = set()
        self.boards: set[BoardLine] = set()
        self.runs: set[RunLine] = set()
        self.hearing = Hearing(self._hear)
        self.courier = Courier(self.hearing)
        self.reader = Reader()
        self._rung, self._rung_runs = -1, set[str]()
        self._names: dict[str, str] = {}
        self._bell, self._run_bell, self._sight_bell, self._change = (asyncio.Event() for _ in range(4))
        self._changed_at = self._check_at = 0.0
        self._rounds: list[asyncio.Task[None]] = []
        self._ready: asyncio.Task[None] | None = None

    @property
    def lines(self) -> list[Line]:
        """All of them."""
        return [*self.lists, *self.runs]

    @property
    def lists(self) -> list[ListLine]:
        """Those of pages that are told what happened together."""
        return [*self.inboxes, *self.boards]

    async def join(self, line: Line) -> None:
        """Bring the page to now, and tell it what happens from then on. Listening begins before the look."""
        self._those_like(line).add(line)
        if self._ready is None:
            self._ready = asyncio.create_task(self._check())
            rounds = (self._tell_lists, self._tell_runs, self._count, self._watch, self._give_signs)
            self._rounds = [asyncio.create_task(self._again_and_again(one)) for one in rounds]
        await asyncio.shield(self._ready)
        await self.courier.send_out([self.courier.catch_up(line)])

    async def leave(self, line: Line) -> None:
        """The page was closed; the last one to leave ends everything."""
        line.is_over = True
        self._those_like(line).discard(line)
        if self.lines or self._ready is None:
            return
        self._boards.pop(asyncio.get_running_loop(), None)
        for task in self._rounds:
            task.cancel()
        await asyncio.gather(*self._rounds, return_exceptions=True)
        await asyncio.gather(self.courier.close(), self.hearing.close())
        await self.reader.close()

    def _those_like(self, line: Line) -> set[Line]:
        kinds: dict[type[Line], set[Any]] = {InboxLine: self.inboxes, BoardLine: self.boards, RunLine: self.runs}
        return kinds[type(line)]

    def _hear(self, message: Message) -> None:
        self.courier.forget()
        if message["type"] == "sight":
            self._names = {}
            self._sight_bell.set()
        if message["type"] in {"bell", "traced"}:
            self._rung_runs.add(message["run"])
            self._run_bell.set()
        if message["type"] == "bell":
            self._ring(message["seq"])

    def _ring(self, seq: int) -> None:
        self._rung = max(self._rung, seq)
        self._bell.set()

    async def _again_and_again(self, one: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await one()
            except Exception as error:
                if isinstance(error, DatabaseError):
                    logger.warning("the live lines lost the database; browsers will open others: %s", error)
                else:
                    logger.exception("the live lines broke; browsers will open others")
                await self.courier.send_out([self.courier.hang_up(line, BROKEN) for line in self.lines])
                await asyncio.sleep(BEAT)

    async def _tell_lists(self) -> None:
        """One look for all that happened, however many bells have rung by now."""
        await self._bell.wait()
        self._bell.clear()
        since, now_at = self.courier.seq, self._rung
        if now_at <= since:
            return
        current = [line for line in self.lists if line.is_open and not line.is_busy and line.seq >= since >= 0]
        views: dict[View | BoardView, int] = {}
        for line in current:
            views[line.view] = min(line.seq, views.get(line.view, line.seq))
        told = await self.reader.read(news.tell, since, now_at, views, self._names) if views else news.Told({}, now_at)
        self.courier.seq = told.seq
        await self.courier.send_out(self._errands(current, told))
        late = set(self.lists).difference(current)
        await self.courier.send_out([self.courier.catch_up(line) for line in late if line.seq < told.seq])

    def _errands(self, current: list[ListLine], told: news.Told) -> Iterator[Coroutine[None, None, None]]:
        """Who is told what; those that looked by themselves meanwhile know it."""
        for line in current:
            if line.seq >= told.seq:
                continue
            if told.words is None or line.is_busy or (line.searches and told.has_changes):
                yield self.courier.catch_up(line)
            elif html := told.words.get(line.view):
                yield self.courier.tell(line, html, told.seq)
            else:
                line.passes(told.seq)
        if told.has_changes:
            self._changed_at = time.monotonic()
            self._change.set()

    async def _tell_runs(self) -> None:
        """Pages of runs look by themselves; those of one person find the same."""
        await self._run_bell.wait()
        self._run_bell.clear()
        rung, self._rung_runs = self._rung_runs, set()
        touched = [line for line in self.runs if str(line.run_id) in rung]
        await self.courier.send_out([self.courier.catch_up(line) for line in touched])

    async def _count(self) -> None:
        """Counts and bell follow the rows, once it is quiet: they are dear, and nobody reads them that fast."""
        await self._change.wait()
        latest = time.monotonic() + AT_LATEST
        while (left := min(self._changed_at + QUIET, latest) - time.monotonic()) > 0:
            await asyncio.sleep(left)
        self._change.clear()
        if not (owed := [line for line in self.inboxes if line.is_owed]):
            return
        for line in owed:
            line.is_owed = False
        told = await database_sync_to_async(counting.counted)({line.view: line.sight for line in owed})
        rung = await database_sync_to_async(bell.rung)({(line.who.person, line.bell) for line in owed})
        for line in owed:
            line.bell, html = rung[line.who.person, line.bell]
            await self.courier.send_out([self.courier.settle(line, told[line.view] + html)])

    async def _watch(self) -> None:
        """Hang up on who may no longer listen, make a list anew that fits no more, and hear what no bell told."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._sight_bell.wait(), GUARD)
        self._sight_bell.clear()
        self.courier.forget()
        lines = self.lines
        seen = await self.reader.read(guard.look, {line.who for line in lines})
        for line in lines:
            if line.who not in seen.present:
                await self.courier.hang_up(line, SIGNED_OUT)
            elif line.sees(seen.sights.get(line.who.person, Sight())):
                await self.courier.send_out([self.courier.catch_up(line)])
        if seen.newest > self._rung:
            self._rung_runs |= {str(line.run_id) for line in self.runs}
            self._run_bell.set()
            self._ring(seen.newest)

    async def _give_signs(self) -> None:
        """Each page hears something now and then; at once where something is to be said of bells or clock."""
        now, known = time.monotonic(), (self.hearing.hears, self.courier.clock)
        if now >= self._check_at:
            await self._check()
            self.courier.forget()
            self._check_at = now + (live_tick() if self.hearing.hears else min(live_tick(), DEAF_TICK))
            if not self.hearing.hears:
                await self.courier.send_out([self.courier.catch_up(line) for line in self.runs])
        is_other = known != (self.hearing.hears, self.courier.clock)
        due = [line for line in self.lines if line.is_open and (is_other or line.said_at + live_tick() <= now)]
        await self.courier.send_out([self.courier.greet(line) for line in due])
        await asyncio.sleep(min(BEAT, live_tick(), DEAF_TICK))

    async def _check(self) -> None:
        """Ask the layer whether we would hear a bell, and the clock's signs of life whether time limits fire."""
        _, self.courier.clock = await asyncio.gather(
            self.hearing.check(), sync_to_async(clock.banner, thread_sensitive=False)()
        )
