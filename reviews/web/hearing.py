"""The ear of a web process: one place in the channel layer, for all of its open pages."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from channels.layers import get_channel_layer

from reviews import live

BELL_PATIENCE = 2.0
"""Seconds to wait for the channel layer."""
Message = dict[str, Any]
logger = logging.getLogger(__name__)


class Hearing:
    """Hands on every bell. Whether the layer is there shows only when it is asked, see ``check``."""

    def __init__(self, hear: Callable[[Message], None]) -> None:
        self.hears = True
        self._hear = hear
        self._layer: Any = get_channel_layer()
        self._channel = ""
        self._listening: asyncio.Task[None] | None = None
        self._checking = asyncio.Lock()

    async def check(self) -> None:
        """Join, unless that is done, and say something to ourselves; sets ``hears``."""
        try:
            async with asyncio.timeout(BELL_PATIENCE), self._checking:
                await self._join()
                await self._layer.send(self._channel, {"type": "echo"})
        except Exception as error:  # whatever the layer is made of
            if self.hears:
                logger.warning("live lines hear no bells and look by themselves: %s", str(error) or "no answer")
            self.hears = False
        else:
            self.hears = True

    async def close(self) -> None:
        """Leave without a trace."""
        if self._listening is None:
            return
        try:
            async with asyncio.timeout(BELL_PATIENCE):
                await self._layer.group_discard(live.DESK, self._channel)
                self._listening.cancel()  # whoever receives gives its channel up when it is cancelled
                await asyncio.gather(self._listening, return_exceptions=True)
        except Exception as error:
            logger.warning("a web process could not leave the channel layer: %s", str(error) or "no answer")

    async def _join(self) -> None:
        if self._listening is None:
            self._channel = self._channel or await self._layer.new_channel()
            await self._layer.group_add(live.DESK, self._channel)
            self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        while True:
            self._hear(await self._layer.receive(self._channel))
