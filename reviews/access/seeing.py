"""What one person may read."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from reviews.access.roles import sees_everything
from reviews.models import AskBack, CallIn, Intervention, Queue, Run
from reviews.states import OPEN

AFTERWARDS = timedelta(days=7)
"""How long people without a seat may read what became of a question to which they were called in."""


def queues_of(user: User | AnonymousUser) -> QuerySet[Queue]:
    """The queues in which they hold a seat."""
    if not user.is_active or not user.pk:
        return Queue.objects.none()
    return Queue.objects.filter(memberships__user_id=user.pk)


def visible_queues(user: User | AnonymousUser) -> QuerySet[Queue]:
    """The queues whose items they may read."""
    return Queue.objects.all() if sees_everything(user) else queues_of(user)


def visible_interventions(user: User | AnonymousUser) -> QuerySet[Intervention]:
    """The questions they may read: those of their queues, or all for auditors and admins.

    As well those they were called in to decide, a while longer than they are open, and those about which they are
    being asked something.
    """
    if sees_everything(user):
        return Intervention.objects.all()
    if not user.is_active or not user.pk:
        return Intervention.objects.none()
    called_in = CallIn.objects.granting().filter(intervention=OuterRef("pk"), user=user.pk)
    since = timezone.now() - AFTERWARDS
    ended = Run.objects.filter(pk=OuterRef("run"), finished_at__gt=since)  # as a question did that is cancelled
    lately = Q(status__in=OPEN) | Q(decided_at__gt=since) | Q(Exists(ended), decided_at=None)
    asked = AskBack.objects.asking().filter(intervention=OuterRef("pk"), asked_of=user.pk)
    return Intervention.objects.filter(Q(queue__in=queues_of(user)) | Q(lately, Exists(called_in)) | Exists(asked))


def visible_runs(user: User | AnonymousUser) -> QuerySet[Run]:
    """The runs they may read: of their queues, with a question in their queues, or all for auditors and admins."""
    if sees_everything(user):
        return Run.objects.all()
    mine = queues_of(user)
    asked = Intervention.objects.filter(run=OuterRef("pk"), queue__in=mine)
    return Run.objects.filter(Q(queue__in=mine) | Exists(asked))
