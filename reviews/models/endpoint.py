"""Where messages for a whole team go."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from reviews.models.queue import Queue
from reviews.states import NoticeChannel


class EndpointQuerySet(models.QuerySet["Endpoint"]):
    """How addresses are asked for."""

    def present(self) -> EndpointQuerySet:
        """Those that nobody has removed."""
        return self.filter(removed_at=None)


class Endpoint(models.Model):
    """A chat room or a program that is told about a queue, or about all queues where it names none.

    Address and secrets are sealed: whoever reads the table can send nothing. Until ``previous_until`` messages are
    signed with the replaced secret as well. ``opened`` repeats whether ``kinds`` has it, where the gate can ask for it.
    A removed one keeps nothing but its name: a gate that has just read it may still owe it a message, which is then
    withdrawn. Were the row gone, that gate would fail at its commit.
    """

    CHANNELS = [
        (channel.value, channel.label) for channel in (NoticeChannel.SLACK, NoticeChannel.TEAMS, NoticeChannel.WEBHOOK)
    ]

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    queue = models.ForeignKey(Queue, models.CASCADE, null=True, related_name="endpoints")
    channel = models.CharField(max_length=10, choices=CHANNELS)
    name = models.CharField(max_length=100)
    host = models.CharField(max_length=254)
    sealed_url = models.BinaryField()
    sealed_secret = models.BinaryField(default=bytes)
    sealed_previous = models.BinaryField(default=bytes)
    previous_until = models.DateTimeField(null=True)
    kinds: models.JSONField[Any, Any] = models.JSONField(default=list)
    opened = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    objects = models.Manager.from_queryset(EndpointQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["queue", "name"], condition=Q(removed_at=None), name="one_endpoint_of_a_name"
            ),
            models.CheckConstraint(
                condition=Q(removed_at=None) | Q(is_active=False, opened=False),
                name="nobody_writes_to_a_removed_address",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.get_channel_display()})"
