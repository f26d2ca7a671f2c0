"""Sockets that cannot be opened now: one line in the log, and the browser asks by itself until they can."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from django.db import Error as DatabaseError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
TRY_AGAIN_LATER = 1013
Application = Callable[[Any, Any, Any], Awaitable[None]]


class Quietly:
    """An ASGI application whose outages are no surprise."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self._application(scope, receive, send)
        except (RedisError, DatabaseError, OSError) as error:
            logger.warning("a live line could not be opened or kept: %s", error)
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})
