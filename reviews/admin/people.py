"""People, roles, queues and seats, which may be edited."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.http import HttpRequest

from reviews import access
from reviews.admin.signed import Signed
from reviews.models import Membership, Queue


class SeatInline(admin.StackedInline[Membership, Queue]):  # stacked: the tabular one leaves its fields unlabelled
    model = Membership
    extra = 0
    fields = (("user", "role"),)
    autocomplete_fields = ("user",)


@admin.register(Queue)
class QueueAdmin(Signed):
    list_display = ("name", "slug", "description")
    search_fields = ("name", "slug")
    inlines = (SeatInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Rules name a queue by its short name, so that one stays."""
        return ("slug",) if obj is not None else ()


@admin.register(Membership)
class MembershipAdmin(Signed):
    list_display = ("user", "queue", "role")
    list_filter = ("queue", "role")
    list_select_related = ("user", "queue")
    autocomplete_fields = ("user", "queue")


admin.site.unregister([User, Group])


@admin.register(User)
class PeopleAdmin(Signed, UserAdmin[User]):
    readonly_fields = ("last_login", "date_joined")  # facts, not wishes

    @transaction.atomic
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        """A new password and its line in the book are one transaction."""
        return super().user_change_password(request, id, form_url)


@admin.register(Group)
class RolesAdmin(Signed, GroupAdmin):
    """The four roles are known by their names, so these stay."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _is_role(obj) and super().has_delete_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("name",) if _is_role(obj) else ()

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """As always; the roles among them are named as protected."""
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        roles = [f"the role {one}, which the desk needs" for one in objs if _is_role(one)]
        return deleted, counts, set() if roles else lacking, [*protected, *roles]


def _is_role(group: Any) -> bool:
    return isinstance(group, Group) and group.name in access.ROLES
