"""A Redis channel of the task queue that knows when its connection is gone.

kombu closes a lost connection and then wants to give back, or acknowledge, what came through it. That fails with an
AttributeError, for which Celery ends the worker. Raised as an error of the connection, it is no more than that.
"""

from typing import Any

from kombu.transport import redis


class Channel(redis.Channel):
    """Raises ConnectionError, an error that workers live through, where the connection is closed for good."""

    def _connparams(self, *args: Any, **kwargs: Any) -> Any:
        if self.connection is None or self.connection.client is None:
            raise ConnectionError("the connection to the broker is closed")
        return super()._connparams(*args, **kwargs)  # type: ignore[misc]  # kombu's stubs leave it out


def install() -> None:
    """Let every connection to Redis use it."""
    redis.Transport.Channel = Channel
