"""What a row of the admin lets people do."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, User
from django.db import models

from reviews.models import Membership, Queue


def rights_of(object: models.Model) -> dict[str, Any]:
    """What the row lets people do; never a password."""
    match object:
        case User():
            flags = {name: getattr(object, name) for name in ("is_active", "is_staff", "is_superuser")}
            groups = sorted(object.groups.values_list("name", flat=True))
            seats = dict(sorted(object.memberships.values_list("queue__slug", "role")))
            return flags | {"groups": groups, "permissions": _named(object.user_permissions), "seats": seats}
        case Group():
            people = sorted(object.user_set.values_list("username", flat=True))
            return {"name": object.name, "permissions": _named(object.permissions), "people": people}
        case Membership():
            return {"user": object.user.get_username(), "queue": object.queue.slug, "role": str(object.role)}
        case Queue():
            return {"seats": dict(sorted(object.memberships.values_list("user__username", "role")))}
    return {}


def _named(permissions: Any) -> list[str]:
    return sorted(map(".".join, permissions.values_list("content_type__app_label", "codename")))
