"""One round of sending what is owed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta

from reviews.actions import outbox
from reviews.actions.outbox import Lanes, Parcel
from reviews.notices import webhook
from reviews.notices.failed import Failed
from reviews.notices.mail import Postman
from reviews.notices.span import Span
from reviews.states import NoticeChannel

logger = logging.getLogger(__name__)
LIMIT, SECONDS = 200, 30.0
"""Messages of one round, and the seconds after which it begins no further one."""


def send_due(now: datetime, limit: int = LIMIT, *, stop: Callable[[], bool] = lambda: False) -> int:
    """Send what is due at that moment, at most so much; returns how many messages went out.

    Nothing is held while the network is spoken to but the lease of the one message. A server that does not answer is
    not asked again in this round, and the messages of the others do not wait for it.
    """
    began, closed, went = time.monotonic(), Lanes(), 0
    with closing(Postman()) as postman:
        for _ in range(limit):
            spent = time.monotonic() - began
            if spent > SECONDS or stop():
                break
            parcel = outbox.take(now + timedelta(seconds=spent), closed)
            if parcel is None:
                break
            went += _deliver(parcel, postman, closed)
    return went


def _deliver(parcel: Parcel, postman: Postman, closed: Lanes) -> bool:
    """Send one message and note what became of it."""
    span = Span()
    try:
        if parcel.first.channel == NoticeChannel.EMAIL:
            postman.send(parcel, span)
        else:
            webhook.send(parcel, span)
    except Failed as failure:
        if failure.lane:
            closed.close(parcel)
        logger.warning("notice %s was not sent: %s", parcel.first.pk, failure)
        outbox.failed(parcel, str(failure), for_good=failure.for_good, wait=failure.wait)
        return False
    except Exception as error:  # a message that cannot even be made must not stop the others
        logger.exception("notice %s could not be made", parcel.first.pk)
        outbox.failed(parcel, f"It could not be made: {type(error).__name__}.")
        return False
    if not outbox.sent(parcel):
        logger.warning("notice %s went out after its lease had ended; it may go out twice", parcel.first.pk)
    return True
