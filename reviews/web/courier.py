"""Brings each open page its words, one message at a time, and lets a page that fell behind catch up by itself."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Coroutine, Iterable
from contextlib import asynccontextmanager

from channels.db import database_sync_to_async
from django.db import Error as DatabaseError

from reviews.web.endings import BROKEN, Gone
from reviews.web.hearing import Hearing
from reviews.web.lines import Line
from reviews.web.looks import Found, Look

AT_ONCE = 20
"""Lines that are told something before the loop turns to other work."""
logger = logging.getLogger(__name__)


class Courier:
    """``seq`` is the number that every open list has come to, unless it is on its way there.

    ``clock`` is the banner that says whether time limits fire: each page hears of it with what it is sent next.
    """

    def __init__(self, hearing: Hearing) -> None:
        self.seq = -1
        self.clock = ""
        self._hearing = hearing
        self._looks: dict[Look, tuple[int, asyncio.Future[Found]]] = {}
        self._running: set[asyncio.Future[Found]] = set()
        self._errands: set[asyncio.Task[None]] = set()

    async def send_out(self, errands: Iterable[Coroutine[None, None, None]]) -> None:
        """Begin each of them, some at a time; nobody waits for a slow browser."""
        for number, errand in enumerate(errands, 1):
            task = asyncio.create_task(errand)
            self._errands.add(task)
            task.add_done_callback(self._errands.discard)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)

    def forget(self) -> None:
        """Something has happened, or may have: what was looked at before is old."""
        self._looks.clear()

    async def close(self) -> None:
        """Begin nothing more, and wait for the looks that are being made."""
        for errand in self._errands:
            errand.cancel()
        await asyncio.gather(*self._errands, *self._running, return_exceptions=True)

    async def catch_up(self, line: Line) -> None:
        """Send a page what it has missed. Who is told something now is behind, and catches up after that."""
        line.is_behind = True
        async with self._turn(line):
            pass

    async def tell(self, line: Line, html: str, seq: int) -> None:
        """Send a page the words that bring it to that number."""
        async with self._turn(line) as is_ours:
            if is_ours and line.seq < seq:
                line.told(seq)
                await self._say(line, html)

    async def settle(self, line: Line, html: str) -> None:
        """Send a page the head that it is owed."""
        async with self._turn(line) as is_ours:
            if is_ours:
                await self._say(line, html)
            else:
                line.is_owed = True

    async def greet(self, line: Line) -> None:
        """Give a sign of life, unless something is on its way."""
        if not line.is_busy:
            async with self._turn(line):
                await self._say(line, "")

    async def hang_up(self, line: Line, code: int) -> None:
        """End a page's line."""
        line.is_open = line.is_behind = False
        line.is_over = True
        try:
            await line.hang_up(code)
        except Exception as error:  # the browser was quicker
            logger.info("a live line was closed already: %s", error)

    @asynccontextmanager
    async def _turn(self, line: Line) -> AsyncGenerator[bool, None]:
        """Whether the line is free: then nothing else is sent to it meanwhile, and what it missed is sent after."""
        if line.is_busy or line.is_over:
            line.is_behind = True
            yield False
            return
        line.is_busy = True
        try:
            yield True
            while line.is_behind:
                await self._send_missed(line)
        except Exception as error:
            await self.hang_up(line, _code(error))
        finally:
            line.is_busy = False

    async def _send_missed(self, line: Line) -> None:
        is_first, line.is_behind = not line.is_open, False
        found = await self._found(line.look())
        line.came_to(found)
        self.seq = found.seq if self.seq < 0 else self.seq
        if found.html or is_first:
            await self._say(line, found.html)
        line.is_behind = line.is_behind or line.seq < self.seq

    async def _found(self, look: Look) -> Found:
        """What the look finds; whoever asks the same, until something happens, is told the same.

        A look for all may learn of something before its bell is heard: what began before that is old, too.
        """
        began, task = self._looks.get(look, (self.seq - 1, None))
        if task is None or began < self.seq:
            began, task = self.seq, asyncio.ensure_future(database_sync_to_async(look)())
            self._looks[look] = began, task
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        try:
            found = await asyncio.shield(task)
        except Exception:
            self._looks.pop(look, None)
            raise
        if found.seq < began:  # the database was put back to an earlier day, and counts anew from there
            self.seq = min(self.seq, found.seq)
        return found

    async def _say(self, line: Line, html: str) -> None:
        line.said_at = time.monotonic()
        await line.say(html + line.banner(self.clock) + line.mark(is_live=self._hearing.hears))


def _code(error: Exception) -> int:
    if isinstance(error, Gone):
        return error.code
    if isinstance(error, DatabaseError):
        logger.warning("a live line lost the database; the browser will open another: %s", error)
    else:
        logger.error("a live line broke; the browser will open another", exc_info=error)
    return BROKEN
