"""The cache in Redis, and what stands in for it while Redis is away: each process then remembers for itself."""

import logging
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
REST = 5.0
"""Seconds for which a Redis that failed is not asked again, so that a frozen one costs a page its time-out once."""

_asleep_until: dict[str, float] = {}  # by address; Django makes a cache for each thread, and threads are many


class ForgivingRedisCache(RedisCache):
    """Counts on in the process where Redis does not answer: limits, such as that of failed sign-ins, stay limits."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._server = server
        self._stand_in = LocMemCache(f"instead of {server}", {**params, "OPTIONS": {}})

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._either(super().add, self._stand_in.add, args, kwargs))

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return self._either(super().get, self._stand_in.get, args, kwargs)

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._either(super().set, self._stand_in.set, args, kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._either(super().touch, self._stand_in.touch, args, kwargs))

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._either(super().delete, self._stand_in.delete, args, kwargs))

    def incr(self, *args: Any, **kwargs: Any) -> int:
        return int(self._either(super().incr, self._stand_in.incr, args, kwargs))

    def has_key(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._either(super().has_key, self._stand_in.has_key, args, kwargs))

    def _either(
        self,
        ask: Callable[..., Any],
        instead: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> Any:
        if monotonic() >= _asleep_until.get(self._server, 0):
            try:
                return ask(*args, **kwargs)
            except (RedisError, OSError) as error:
                _asleep_until[self._server] = monotonic() + REST
                logger.warning("Redis is away; this process remembers for itself meanwhile: %s", error)
        return instead(*args, **kwargs)
