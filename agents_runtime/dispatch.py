"""From a queued run to a message for the workers."""

import logging

from agents_runtime import tasks
from reviews import events

logger = logging.getLogger(__name__)


def connect() -> None:
    """Send every queued run to the workers."""
    events.subscribe(events.RunQueued, send)


def send(event: events.RunQueued) -> None:
    """Put the run on the queue. A broker that is away loses nothing: the clock announces the run again."""
    try:
        tasks.advance_run.apply_async(args=[str(event.run_id)], retry=False)
    except tasks.advance_run.OperationalError as error:
        logger.warning("run %s could not be announced; the clock will do it: %s", event.run_id, error)
