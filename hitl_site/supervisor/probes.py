"""How to tell that a part of the desk is up."""

from http.client import HTTPConnection, HTTPException
from typing import Any

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

from hitl_site import celery


def redis_answers() -> bool:
    """Whether the Redis of the settings takes commands."""
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=2) as client:
            return bool(client.ping())
    except (RedisError, OSError):
        return False


def web_answers(host: str, port: int) -> bool:
    """Whether the web server does there."""
    connection = HTTPConnection(host, port, timeout=2)  # direct: urllib would ask the machine's proxy
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def worker_answers() -> bool:
    """Whether a worker takes runs. The clock is a worker to Celery as well, and does not count."""
    answers = celery.app.control.ping(timeout=0.5, limit=2) or []
    return any(not name.startswith("clock@") for answer in answers for name in answer)


def requeue_interrupted() -> int:
    """Put back what a killed worker held, and say how much; only where no worker is alive, or it would run twice."""
    with celery.app.connection_for_write() as connection:
        channel: Any = connection.default_channel  # that of the Redis transport
        held = channel.client.zrange(channel.unacked_index_key, 0, -1)
        for tag in held:
            channel.qos.restore_by_tag(tag.decode())
    return len(held)
