"""One moment at which something is done about an open question."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q

from reviews.models.intervention import Intervention


class TimerQuerySet(models.QuerySet["Timer"]):
    """How timers are asked for."""

    def waiting(self) -> TimerQuerySet:
        """Those that have neither fired nor been cancelled."""
        return self.filter(fired_at__isnull=True, cancelled_at__isnull=True)

    def due(self, now: datetime) -> TimerQuerySet:
        """Those of the waiting whose moment has come, in order; a question that was asked back holds its steps up."""
        hard = Q(kind=Timer.Kind.EXPIRE) | Q(intervention__asked_back_at__isnull=True)
        return self.waiting().filter(hard, due_at__lte=now).order_by("due_at", "id")

    def awake(self, now: datetime) -> TimerQuerySet:
        """Those that did not fail a moment ago."""
        return self.filter(Q(retry_at__isnull=True) | Q(retry_at__lte=now))

    def to_fire(self, now: datetime) -> TimerQuerySet:
        """Those of the due that do not rest."""
        return self.due(now).awake(now)


class Timer(models.Model):
    """A row made with its question, so that nothing relies on a process that sleeps.

    ``intended_at`` is when it should have fired first; ``due_at`` is later where it was put off. ``result`` is what
    came of it. One that could not fire rests until ``retry_at`` and counts as overdue meanwhile. Steps count from 1,
    their repetitions from 0.
    """

    class Kind(models.TextChoices):
        STEP = "step", "Step"
        DUE = "due", "Answer due"
        EXPIRE = "expire", "Time over"
        NAG = "nag", "Still waiting"

    class Result(models.TextChoices):
        FIRED = "fired", "Done"
        SKIPPED = "skipped", "Not needed"
        COLLAPSED = "collapsed", "Done with a later one"
        NO_TARGET = "no_target", "Nobody there"
        POSTPONED = "postponed", "Put off"

    intervention = models.ForeignKey(Intervention, models.CASCADE, related_name="timers")
    generation = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=10, choices=Kind)
    step_no = models.PositiveSmallIntegerField(default=0)
    repeat_no = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    intended_at = models.DateTimeField()
    retry_at = models.DateTimeField(null=True)
    fired_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=12, choices=Result, blank=True)

    objects = models.Manager.from_queryset(TimerQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["intervention", "generation", "kind", "step_no", "repeat_no"], name="one_timer_of_a_moment"
            ),
            models.CheckConstraint(
                condition=Q(fired_at__isnull=True) | Q(cancelled_at__isnull=True), name="fired_or_cancelled"
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                condition=Q(fired_at__isnull=True, cancelled_at__isnull=True),
                name="waiting_timers",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.step_no}.{self.repeat_no} at {self.due_at:%Y-%m-%d %H:%M:%S}"
