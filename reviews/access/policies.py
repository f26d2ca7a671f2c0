"""Who may read, write and put in force what stops an agent."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet

from reviews.access.roles import ADMIN, AUDITOR, MANAGER, has_role
from reviews.models import ReviewPolicy


def sees_policies(user: User | AnonymousUser) -> bool:
    """Whether the review policies are open to them: to those who write them, and to auditors."""
    return has_role(user, MANAGER, AUDITOR, ADMIN)


def visible_policies(user: User | AnonymousUser) -> QuerySet[ReviewPolicy]:
    """The versions of policies they may read: all or none."""
    return ReviewPolicy.objects.all() if sees_policies(user) else ReviewPolicy.objects.none()


def writes_policies(user: User | AnonymousUser) -> bool:
    """Whether they may write review policies and, as a second person, put those of others in force."""
    return has_role(user, MANAGER, ADMIN)


def require_policy_writer(user: User) -> None:
    """Raises PermissionDenied unless they may write review policies."""
    if not writes_policies(user):
        raise PermissionDenied(f"{user.get_username()} is neither a manager nor an admin, and may not change policies.")


def is_second_person(user: User | AnonymousUser, policy: ReviewPolicy) -> bool:
    """Whether they have written nothing of the version; what the system wrote nobody here wrote."""
    return user.pk not in {policy.edited_by_id, *policy.wrote} - {None}
