"""A team's inbox and who works in it."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Queue(models.Model):
    """The inbox of one team; every run and every question belongs to one.

    ``last_picked`` was last given work in turn.
    """

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    last_picked = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person's seat in a queue; without one they see nothing of it."""

    class Role(models.TextChoices):
        REVIEWER = "reviewer", "Reviewer"
        MANAGER = "manager", "Manager"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    queue = models.ForeignKey(Queue, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role, default=Role.REVIEWER)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "queue"], name="one_seat_per_queue")]

    def __str__(self) -> str:
        return f"{self.user} as {self.role} of {self.queue}"
