"""The four roles, and what they open by themselves."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, Group, User
from django.db.models import Exists, OuterRef, Q, QuerySet

REVIEWER, MANAGER, AUDITOR, ADMIN = "reviewer", "manager", "auditor", "admin"
ROLES = (REVIEWER, MANAGER, AUDITOR, ADMIN)


def ensure_roles() -> None:
    """Create the four groups if they are not there."""
    for name in ROLES:
        Group.objects.get_or_create(name=name)


def has_role(user: User | AnonymousUser, *roles: str) -> bool:
    """Whether an active account carries one of the roles; a superuser carries ``admin``."""
    if not user.is_active:
        return False
    if user.is_superuser and ADMIN in roles:
        return True
    if user.pk is None:
        return False
    held = user.__dict__.get("_held_roles")
    if held is None:  # asked many times while one page is made, so remembered with the account
        held = user.__dict__["_held_roles"] = set(user.groups.values_list("name", flat=True))
    return bool(held & set(roles))


def sees_everything(user: User | AnonymousUser) -> bool:
    """Auditors and admins read every run and every question; that alone lets them decide nothing."""
    return has_role(user, AUDITOR, ADMIN)


def sees_audit(user: User | AnonymousUser) -> bool:
    """Whether the audit log is open to them."""
    return sees_everything(user)


def sees_status(user: User | AnonymousUser) -> bool:
    """Whether the page about the desk's own health is open to them."""
    return has_role(user, ADMIN)


def admins() -> QuerySet[User]:
    """Who sees to the desk itself."""
    named = User.objects.filter(Q(groups__name=ADMIN) | Q(is_superuser=True), is_active=True)
    return named.order_by("pk").distinct()


def overseers() -> QuerySet[User]:
    """The active accounts that read everything, as `sees_everything` says of one."""
    roles = User.groups.through.objects.filter(user=OuterRef("pk"), group__name__in=(AUDITOR, ADMIN))
    return User.objects.filter(Q(is_superuser=True) | Exists(roles), is_active=True)
