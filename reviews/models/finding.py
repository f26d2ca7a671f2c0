"""Something that should not be, found by the watchdog."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Alarm(models.TextChoices):
    """What the watchdog asserts, by what is wrong where it does not hold."""

    NO_TIMER = "question.no_timer", "Question without a timer"
    LATE_TIMER = "timer.overdue", "Timer overdue"
    STUCK_RUN = "run.stuck", "Run not taken"
    LOST_LEASE = "lease.expired", "Lost run not taken back"
    DEAD_NOTICE = "notice.dead", "Message given up"
    BROKEN_BOOK = "audit.broken", "Audit log broken"


SEVERE = frozenset({Alarm.NO_TIMER, Alarm.LATE_TIMER, Alarm.LOST_LEASE, Alarm.BROKEN_BOOK})
"""Where one of these holds, time limits or the book cannot be relied on: the heartbeat stops."""


class FindingQuerySet(models.QuerySet["Finding"]):
    """How findings are asked for."""

    def open(self) -> FindingQuerySet:
        """Those that no later round has found in order."""
        return self.filter(cleared_at__isnull=True)


class Finding(models.Model):
    """One assertion of the watchdog that did not hold for one subject, until a later round found it in order."""

    kind = models.CharField(max_length=40, choices=Alarm)
    subject = models.CharField(max_length=100)
    said = models.TextField()
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True)

    objects = models.Manager.from_queryset(FindingQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=Q(cleared_at__isnull=True), name="one_open_finding_of_a_kind"
            ),
            models.CheckConstraint(condition=Q(kind__in=Alarm.values), name="a_known_alarm"),
        ]
        indexes = [models.Index(fields=["-first_seen", "-id"], name="findings_newest_first")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.subject}"

    @property
    def is_severe(self) -> bool:
        """Whether it stops the heartbeat."""
        return self.kind in SEVERE

    @property
    def about(self) -> tuple[str, str]:
        """The noun and the id of its subject."""
        noun, _, pk = self.subject.partition(":")
        return noun, pk
