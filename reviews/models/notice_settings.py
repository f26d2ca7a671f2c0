"""What one person wants to be told, where and when."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models

from reviews import quiet_hours
from reviews.states import CHOSEN_NOTICES, NoticeChannel, NoticeKind

DIGESTED = frozenset({NoticeKind.OPENED, NoticeKind.REMINDER, NoticeKind.OVERDUE, NoticeKind.EXPIRED})
"""What a digest may wait for; an assignment, an escalation or a mention is meant for one person, and now."""


class Digest(models.TextChoices):
    """How often messages that can wait are gathered into one."""

    OFF = "off", "Each by itself"
    HOURLY = "hourly", "Once an hour"
    DAILY = "daily", "Once a day"


def usual_email() -> list[str]:
    """What is mailed to who has chosen nothing: all but each new item."""
    return [kind.value for kind in CHOSEN_NOTICES if kind != NoticeKind.OPENED]


def usual_page() -> list[str]:
    """What the bell tells who has chosen nothing."""
    return usual_email()


class NoticeSettings(models.Model):
    """The channels, by kind of message, the quiet hours and the digest of one person; without a row, the usual.

    ``opened`` repeats whether a list has it, where the gate can ask for it.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notice_settings")
    email: models.JSONField[Any, Any] = models.JSONField(default=usual_email)
    page: models.JSONField[Any, Any] = models.JSONField(default=usual_page)
    opened = models.BooleanField(default=False)
    zone = models.CharField(max_length=60, default="UTC")
    quiet_from = models.TimeField(null=True)
    quiet_to = models.TimeField(null=True)
    digest = models.CharField(max_length=10, choices=Digest, default=Digest.OFF)
    digest_at = models.TimeField(default=time(8))

    def __str__(self) -> str:
        return f"What {self.user} is told"

    def wants(self, kind: str, channel: str) -> bool:
        """Whether that kind of message may come this way."""
        return kind in (self.email if channel == NoticeChannel.EMAIL else self.page)

    def quiet_until(self, now: datetime) -> datetime | None:
        """When the quiet hours end that hold now, in UTC; None outside of them."""
        if self.quiet_from is None or self.quiet_to is None:
            return None
        return quiet_hours.held_until(now, ZoneInfo(self.zone), self.quiet_from, self.quiet_to)

    def merges(self, kind: str) -> bool:
        """Whether a mail of that kind waits for the digest."""
        return self.digest != Digest.OFF and kind in DIGESTED

    def due(self, now: datetime, kind: str) -> datetime:
        """When a mail that is not urgent may go: at once, with the next digest, or after the quiet hours."""
        moment = now
        if self.merges(kind):
            at = self.digest_at if self.digest == Digest.DAILY else None
            moment = quiet_hours.next_digest(now, ZoneInfo(self.zone), at)
        return self.quiet_until(moment) or moment
