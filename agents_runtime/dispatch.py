"""From a queued run to a message for the workers."""

import logging
from functools import cache

from kombu import Connection
from kombu.exceptions import LimitExceeded
from kombu.pools import producers

from agents_runtime import tasks
from reviews import events

logger = logging.getLogger(__name__)
PATIENCE = 2.0
"""Seconds for each step with a broker that does not answer."""


def connect() -> None:
    """Send every queued run to the workers."""
    events.subscribe(events.RunQueued, send)


def send(event: events.RunQueued) -> None:
    """Put the run on the queue. A broker that is away or frozen loses nothing: the clock announces the run again."""
    broker = _broker()
    away: tuple[type[BaseException], ...] = (
        LimitExceeded,
        tasks.advance_run.OperationalError,
        *broker.connection_errors,
    )
    try:
        with producers[broker].acquire(block=True, timeout=PATIENCE) as producer:
            tasks.advance_run.apply_async(args=(str(event.run_id),), retry=False, producer=producer)
    except away as error:
        logger.warning("run %s could not be announced; the clock will do it: %s", event.run_id, error)


@cache
def _broker() -> Connection:
    """A connection that gives up at once: the app's own would try for seconds, while a person waits for the page."""
    app = tasks.advance_run.app
    hurry = {"max_retries": 0, "socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
    return app.connection_for_write(transport_options={**app.conf.broker_transport_options, **hurry})
