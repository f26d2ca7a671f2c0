"""What is owed to the outside arrives there."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from reviews.actions.assertions.fault import Fault
from reviews.models import Notice
from reviews.models.finding import Alarm
from reviews.states import NoticeStatus

REMEMBERED = timedelta(hours=24)
"""How long a message that was given up is held against the desk: by then somebody has seen it, or it is too late."""


def dead(now: datetime, known: Collection[str]) -> list[Fault]:
    """No message was given up lately. One finding for all of them: their own page lists them."""
    given_up = Notice.objects.filter(status=NoticeStatus.DEAD, next_at__gt=now - REMEMBERED).order_by("-next_at", "-id")
    newest = given_up.only("kind", "channel").first()
    if newest is None:
        return []
    what = f"“{newest.get_kind_display()}” by {newest.get_channel_display().lower()}"
    return [Fault(Alarm.DEAD_NOTICE, "notices:dead", f"Messages were given up; the newest was {what}")]
