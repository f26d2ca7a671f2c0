"""The hash chain: the book that cannot be altered unseen."""

from __future__ import annotations

import json
from datetime import UTC

from django.db import models

from reviews.actors import ActorType

GENESIS = "0" * 64


class AuditEntry(models.Model):
    """One act, as text that outlives every other row; the database refuses to change or delete it."""

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    action = models.CharField(max_length=60)
    actor_type = models.CharField(max_length=20, choices=ActorType)
    actor = models.CharField(max_length=200)
    run = models.CharField(max_length=36, blank=True)
    subject = models.CharField(max_length=100, blank=True)
    data = models.TextField()
    previous = models.CharField(max_length=64, unique=True)
    digest = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "audit entries"
        ordering = ("seq",)
        indexes = [
            models.Index(fields=["run", "seq"], name="audit_of_a_run"),
            models.Index(fields=["actor", "seq"], name="audit_of_an_actor"),
            models.Index(fields=["action", "seq"], name="audit_of_an_action"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.action}"

    @property
    def text(self) -> str:
        """What the digest covers besides the place in the chain, as the inside of a canonical JSON list."""
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        said = [at, self.action, self.actor_type, self.actor, self.run, self.subject, self.data]
        return json.dumps(said, separators=(",", ":"), ensure_ascii=False)[1:-1]


class AuditHead(models.Model):
    """The newest link of the chain; its row lock puts all writers of the book in one line."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seq = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, default=GENESIS)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="only_one_audit_head")]

    def __str__(self) -> str:
        return f"{self.seq} {self.digest[:12]}"
