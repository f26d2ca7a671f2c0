"""One message owed to somebody outside, sent once: a row of the outbox."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from reviews.models.endpoint import Endpoint
from reviews.models.intervention import Intervention
from reviews.models.queue import Queue
from reviews.models.run import Run
from reviews.states import NOTICE_DUE, NoticeChannel, NoticeKind, NoticeStatus


class NoticeQuerySet(models.QuerySet["Notice"]):
    """How notices are asked for."""

    def due(self, now: datetime) -> NoticeQuerySet:
        """Those to be sent, longest due first; one whose sender fell silent is due again when its lease ends."""
        return self.filter(status__in=NOTICE_DUE, next_at__lte=now).order_by("next_at", "id")

    def unread(self, user_id: int) -> NoticeQuerySet:
        """What that person's bell shows, newest first."""
        return self.unread_by([user_id]).order_by("-id")

    def unread_by(self, people: Iterable[int]) -> NoticeQuerySet:
        """What the bells of these people show."""
        return self.filter(_shown(people), read_at=None)

    def on_page(self, user_id: int) -> NoticeQuerySet:
        """All their page has to tell, newest first."""
        return self.filter(_shown([user_id])).order_by("-id")


def _shown(people: Iterable[int]) -> Q:
    return Q(user__in=list(people), channel=NoticeChannel.PAGE, status=NoticeStatus.SENT)


class Notice(models.Model):
    """One message owed to a person, or to an address of a queue; its payload never holds an argument of a tool.

    ``message`` is the id under which it goes out: the same at each try, and shared by the notices of a digest.
    ``lease`` is the token of the sender that has it in hand, until ``next_at``. Of one given up ``next_at`` tells when.
    """

    key = models.CharField(max_length=250, unique=True)
    kind = models.CharField(max_length=20, choices=NoticeKind)
    channel = models.CharField(max_length=10, choices=NoticeChannel)
    run = models.ForeignKey(Run, models.CASCADE, null=True, related_name="notices")
    intervention = models.ForeignKey(Intervention, models.CASCADE, null=True, related_name="notices")
    queue = models.ForeignKey(Queue, models.CASCADE, null=True, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="notices")
    endpoint = models.ForeignKey(Endpoint, models.SET_NULL, null=True, related_name="notices")
    recipient = models.CharField(max_length=254)
    payload: models.JSONField[Any, Any] = models.JSONField(default=dict)
    urgent = models.BooleanField(default=False)
    merges = models.BooleanField(default=False)
    message = models.UUIDField()
    status = models.CharField(max_length=10, choices=NoticeStatus, default=NoticeStatus.OWED)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease = models.UUIDField(null=True)
    next_at = models.DateTimeField()
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)

    objects = models.Manager.from_queryset(NoticeQuerySet)()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(status=NoticeStatus.SENDING) | Q(lease__isnull=False), name="sending_has_a_sender"
            ),
            models.CheckConstraint(
                condition=~Q(status=NoticeStatus.SENT) | Q(sent_at__isnull=False), name="sent_has_its_time"
            ),
        ]
        indexes = [
            models.Index(fields=["next_at", "id"], condition=Q(status__in=sorted(NOTICE_DUE)), name="notice_due"),
            models.Index(fields=["user", "-id"], condition=Q(channel="page", read_at=None), name="notice_unread"),
            models.Index(fields=["status", "-id"], name="notice_by_status"),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} to {self.recipient}: {self.get_kind_display()}"
