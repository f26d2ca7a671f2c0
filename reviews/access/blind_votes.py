"""Votes that are not to be known yet by those who could still vote."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from uuid import UUID

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Exists, OuterRef, Q, QuerySet

from reviews.access.roles import sees_everything
from reviews.access.seeing import queues_of
from reviews.actors import ActorType
from reviews.models import CallIn, Decision, Event, Intervention
from reviews.states import OPEN

SOMEBODY = "A reviewer"
"""Who voted, to those who are not to know."""


def blind_to(user: User | AnonymousUser) -> QuerySet[Intervention]:
    """The open questions on which others have voted, and they are not to know who or what: the blind vote.

    Whoever has voted in the round sees the votes, and so do auditors and admins without a seat in the queue, who could
    not decide; everybody else once it is settled.
    """
    own = Decision.objects.filter(intervention=OuterRef("pk"), decided_by=user.pk or 0, round=OuterRef("round"))
    voted_on = Intervention.objects.filter(Q(votes__gt=0) | Q(round__gt=1), status__in=OPEN)
    hidden = voted_on.exclude(Exists(own))
    if not sees_everything(user):
        return hidden
    called_in = CallIn.objects.granting().filter(intervention=OuterRef("pk"), user=user.pk)
    return hidden.filter(Q(queue__in=queues_of(user)) | Exists(called_in))


def blind(user: User | AnonymousUser | None, items: Iterable[Intervention]) -> frozenset[UUID]:
    """Of these questions those that `blind_to` names; nobody in particular is the system, which sees everything."""
    voted_on = [item.pk for item in items if item.is_open and (item.votes or item.round > 1)]
    if user is None or not voted_on:
        return frozenset()
    return frozenset(blind_to(user).filter(pk__in=voted_on).values_list("pk", flat=True))


def visible_decisions(user: User | AnonymousUser) -> QuerySet[Decision]:
    """The votes they may know of; their own always."""
    return Decision.objects.filter(~Q(intervention__in=blind_to(user)) | Q(decided_by=user.pk or 0))


def masked(event: Event, hidden: Collection[UUID], user: User | AnonymousUser | None) -> Event:
    """The line of a run's history, without who and what where it is about a question of `blind`."""
    is_own = user is not None and event.actor == user.get_username()
    if event.intervention_id in hidden and event.actor_type == ActorType.USER and not is_own:
        event.actor = SOMEBODY
        event.data = {name: event.data[name] for name in ("round", "approvals") if name in event.data}
    return event
