"""Who may decide, assign, start and stop."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet

from reviews.access.roles import ADMIN, has_role
from reviews.access.seeing import queues_of
from reviews.models import CallIn, Intervention, Membership, Queue, Run


def has_seat(user: User | AnonymousUser | None, queue: str) -> Exists:
    """The same as `can_work_in`, as part of a query that reads a row of the queue which ``queue`` names."""
    mine = queues_of(user) if user else Queue.objects.none()
    return Exists(mine.filter(pk=OuterRef(queue)))


def can_work_in(user: User | AnonymousUser, queue_id: int) -> bool:
    """Whether they hold a seat in the queue: may start, stop, claim and decide there."""
    return queues_of(user).filter(pk=queue_id).exists()


def can_work_on(user: User | AnonymousUser, intervention: Intervention) -> bool:
    """Whether they may claim and decide it: by their seat in its queue, or because escalating it called them in."""
    if can_work_in(user, intervention.queue_id):
        return True
    return bool(user.is_active and user.pk and intervention.call_ins.granting().filter(user=user.pk).exists())


def works_on(user: User | AnonymousUser) -> ExpressionWrapper[Q]:
    """The same as `can_work_on`, as part of a query that reads questions."""
    calls = CallIn.objects.granting().filter(user=user.pk if user.is_active else None)
    called_in = Exists(calls.filter(intervention=OuterRef("pk")))
    return ExpressionWrapper(has_seat(user, "queue") | called_in, output_field=BooleanField())


def managed_queues(user: User | AnonymousUser) -> QuerySet[Queue]:
    """The queues in which they hold a manager's seat."""
    if not user.is_active or not user.pk:
        return Queue.objects.none()
    return Queue.objects.filter(memberships__user_id=user.pk, memberships__role=Membership.Role.MANAGER)


def manages(user: User | AnonymousUser, queue_id: int) -> bool:
    """Whether they hold a manager's seat in the queue."""
    if not user.is_active or not user.pk:
        return False
    return Membership.objects.filter(user__pk=user.pk, queue_id=queue_id, role=Membership.Role.MANAGER).exists()


def require_reviewer(user: User, intervention: Intervention, *, seated: bool | None = None) -> None:
    """Raises PermissionDenied unless they hold a seat in the question's queue or were called in.

    ``seated`` says so where that is known.
    """
    if not (can_work_on(user, intervention) if seated is None else seated):
        raise PermissionDenied(f"{user.get_username()} is not a reviewer of the queue “{intervention.queue.name}”.")


def require_manager(user: User, intervention: Intervention) -> None:
    """Raises PermissionDenied unless they manage the question's queue."""
    if not manages(user, intervention.queue_id):
        raise PermissionDenied(f"{user.get_username()} does not manage the queue “{intervention.queue.name}”.")


def require_operator(user: User, run: Run, *, seated: bool | None = None) -> None:
    """Raises PermissionDenied unless they may start, stop, pause and retry runs of that queue; ``seated`` likewise."""
    if not ((can_work_in(user, run.queue_id) if seated is None else seated) or has_role(user, ADMIN)):
        raise PermissionDenied(f"{user.get_username()} may not operate runs of the queue “{run.queue.name}”.")
