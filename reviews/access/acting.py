"""Who may decide, assign, start and stop."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet

from reviews.access.roles import ADMIN, has_role
from reviews.access.seeing import queues_of
from reviews.models import Intervention, Membership, Queue, Run


def can_work_in(user: User | AnonymousUser, queue_id: int) -> bool:
    """Whether they hold a seat in the queue: may start, stop, claim and decide there."""
    return queues_of(user).filter(pk=queue_id).exists()


def can_work_on(user: User | AnonymousUser, intervention: Intervention) -> bool:
    """Whether they may claim and decide it: by their seat in its queue, or because escalating it called them in."""
    if can_work_in(user, intervention.queue_id):
        return True
    return bool(user.is_active and user.pk and intervention.call_ins.filter(user=user.pk).exists())


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


def require_reviewer(user: User, intervention: Intervention) -> None:
    """Raises PermissionDenied unless they hold a seat in the question's queue or were called in."""
    if not can_work_on(user, intervention):
        raise PermissionDenied(f"{user.get_username()} is not a reviewer of the queue “{intervention.queue.name}”.")


def require_manager(user: User, intervention: Intervention) -> None:
    """Raises PermissionDenied unless they manage the question's queue."""
    if not manages(user, intervention.queue_id):
        raise PermissionDenied(f"{user.get_username()} does not manage the queue “{intervention.queue.name}”.")


def require_operator(user: User, run: Run) -> None:
    """Raises PermissionDenied unless they may start, stop, pause and retry runs of that queue."""
    if not (can_work_in(user, run.queue_id) or has_role(user, ADMIN)):
        raise PermissionDenied(f"{user.get_username()} may not operate runs of the queue “{run.queue.name}”.")
