"""Out of office: who is away, who stands in, and what becomes of what was theirs."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from reviews import access, audit
from reviews.actions import assignments, presence, questions, rounds
from reviews.actions.errors import Conflict, Invalid
from reviews.actors import CLOCK, Actor
from reviews.audit import Act
from reviews.models import Absence, Intervention, Membership

LONGEST = timedelta(days=366)
AHEAD = 20
"""Absences of one person that may be planned at once."""


@transaction.atomic
def leave(user: User, *, starts_at: datetime, ends_at: datetime, delegate: User | None, by: User) -> Absence:
    """Plan a time away: one's own, or that of somebody `planned_by` them. It holds in all queues.

    From its start the clock hands what is assigned to them to the delegate, or back to the queue where there is none
    or the delegate may not decide it. Raises Invalid, PermissionDenied.
    """
    _require_right(by, user)
    list(User.objects.select_for_update(no_key=True).filter(pk=user.pk))  # two plans at once must not overlap
    now = timezone.now()
    if ends_at <= starts_at or ends_at <= now:
        raise Invalid(ends_at="The end must lie after the start, and ahead.")
    if ends_at - starts_at > LONGEST:
        raise Invalid(ends_at=f"At most {LONGEST.days} days at once.")
    if delegate is not None:
        _require_stand_in(delegate, user)
    planned = user.absences.filter(ends_at__gt=now)
    if planned.count() >= AHEAD:
        raise Invalid(starts_at=f"{AHEAD} absences are planned already; end one of them first.")
    if other := planned.filter(starts_at__lt=ends_at, ends_at__gt=starts_at).first():
        raise Invalid(starts_at=f"This overlaps with the absence until {other.ends_at:%d %b %Y %H:%M} UTC.")
    absence = Absence.objects.create(
        user=user, delegate=delegate, starts_at=starts_at, ends_at=ends_at, set_by=by, created_at=now
    )
    data = {"name": user.get_username(), "from": starts_at, "until": ends_at}
    data |= {"delegate": delegate.get_username()} if delegate else {}
    audit.record(Act("absence.planned", Actor.of(by), data=data))
    return absence


@transaction.atomic
def come_back(absence_id: int, *, by: User) -> Absence:
    """End an absence now, or call it off before it began. Raises Conflict, PermissionDenied."""
    absence = (
        Absence.objects.select_for_update(of=("self",), no_key=True)
        .select_related("user")
        .filter(pk=absence_id)
        .first()
    )
    if absence is None:
        raise PermissionDenied(f"There is no absence {absence_id} that you may end.")
    _require_right(by, absence.user)
    now = timezone.now()
    if absence.ends_at <= now:
        raise Conflict("This absence has ended already.")
    absence.ends_at = max(now, absence.starts_at)
    absence.save(update_fields=["ends_at"])
    audit.record(Act("absence.ended", Actor.of(by), data={"name": absence.user.get_username()}))
    return absence


def cover() -> int:
    """Hand on what is assigned to people who are away; returns how many. The clock's work, safe to do twice.

    What somebody holds waits until their claim ends.
    """
    gone = Absence.objects.at(timezone.now()).values("user")
    theirs = Intervention.objects.open().filter(assignee__in=gone).order_by("due_at")
    theirs = theirs.exclude(claimed_by__isnull=False, claim_expires_at__gt=timezone.now())
    return rounds.each(theirs, _cover)


@transaction.atomic
def _cover(intervention_id: UUID) -> bool:
    _run, intervention = questions.locked(intervention_id)
    person = intervention.assignee
    if not intervention.is_open or person is None or not presence.away([person.pk]):
        return False
    if questions.holder_of(intervention) is not None:  # somebody works at it; a later round looks again
        return False
    acts = assignments.hand_to(intervention, person, CLOCK) or assignments.taken_from(intervention, CLOCK)
    audit.record(*acts)
    return True


def may_plan_for(by: User, user: User) -> bool:
    """Whether the one may plan the other's absences."""
    return by == user or planned_by(by).filter(pk=user.pk).exists()


def planned_by(by: User) -> QuerySet[User]:
    """Others whose absences they may plan: who works only in queues that they manage; for admins, everybody's.

    An absence holds in all queues, so that of somebody with a seat elsewhere is not for one manager to say.
    """
    seats = Membership.objects.filter(user=OuterRef("pk"))
    people = User.objects.filter(Exists(seats), is_active=True)
    if access.has_role(by, access.ADMIN):
        return people
    return people.exclude(Exists(seats.exclude(queue__in=access.managed_queues(by))))


def _require_right(by: User, user: User) -> None:
    if not may_plan_for(by, user):
        raise PermissionDenied(f"{by.get_username()} does not manage every queue in which {user.get_username()} works.")


def _require_stand_in(delegate: User, user: User) -> None:
    if delegate == user:
        raise Invalid(delegate="Nobody stands in for themselves.")
    shared = Membership.objects.filter(user=delegate, queue__in=access.queues_of(user))
    if not delegate.is_active or not shared.exists():
        raise Invalid(delegate=f"{questions.called(delegate)} works in no queue of theirs, so could decide nothing.")
