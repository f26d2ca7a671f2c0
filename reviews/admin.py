"""The stock admin: people, groups, queues and seats may be edited, what the house did may only be read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from reviews import access, audit
from reviews.actors import Actor, ActorType
from reviews.audit import Act
from reviews.models import (
    AuditEntry,
    AuditHead,
    Checkpoint,
    Decision,
    Event,
    Intervention,
    Membership,
    Queue,
    Run,
    Span,
    ToolCall,
)

BEFORE = "foureyes.rights_before"
"""Where a request keeps what the row let people do before the form was saved."""
Rights = dict[str, Any] | None

admin.site.site_header = admin.site.site_title = "Foureyes administration"
admin.site.site_url = None  # the way back to the desk has its own name and place in the template


class Signed(admin.ModelAdmin[Any]):
    """Every change made here is written into the book, in the transaction of the change, with the rights it moved."""

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        found = super().get_object(request, *args, **kwargs)
        if found is not None:
            request.META[BEFORE] = _rights(found)
        return found

    def log_addition(self, request: HttpRequest, object: Any, message: Any) -> LogEntry:
        _sign(request, "added", object, message, after=_rights(object))
        return super().log_addition(request, object, message)

    def log_change(self, request: HttpRequest, object: Any, message: Any) -> LogEntry:
        _sign(request, "changed", object, message, before=request.META.get(BEFORE), after=_rights(object))
        return super().log_change(request, object, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for object in queryset:
            _sign(request, "deleted", object, [], before=_rights(object))
        return super().log_deletions(request, queryset)

    @transaction.atomic
    def response_action(self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any) -> Any:
        """Run the chosen action; deleting many rows and signing for each is one transaction."""
        return super().response_action(request, queryset, *args, **kwargs)


def _sign(
    request: HttpRequest, verb: str, object: models.Model, message: Any, *, before: Rights = None, after: Rights = None
) -> None:
    assert isinstance(request.user, User)
    data = {"model": object._meta.label_lower, "id": str(object.pk), "name": str(object), "message": message}
    old, new = before or {}, after or {}
    if moved := {name: [old.get(name), new.get(name)] for name in old | new if old.get(name) != new.get(name)}:
        data["rights"] = moved
    with transaction.atomic():
        audit.record(Act(f"admin.{verb}", Actor.of(request.user), data=data))


def _rights(object: models.Model) -> dict[str, Any]:
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


class ReadOnly(admin.ModelAdmin[Any]):
    """Rows that only the verbs write: nobody adds, changes or deletes them here, superusers included."""

    show_full_result_count = False
    list_per_page = 50
    actions = None

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return access.sees_everything(request.user)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly):
    list_display = ("seq", "at", "actor", "action", "run", "subject")
    list_filter = ("actor_type",)
    search_fields = ("=actor", "=action", "=run")
    ordering = ("-seq",)


@admin.register(AuditHead)
class AuditHeadAdmin(ReadOnly):
    list_display = ("seq", "digest")


@admin.register(Run)
class RunAdmin(ReadOnly):
    list_display = ("id", "agent", "queue", "status", "started_by", "created_at", "finished_at")
    list_filter = ("status", "queue")
    list_select_related = ("queue", "started_by")
    search_fields = ("=id", "=agent")
    ordering = ("-created_at", "-id")


@admin.register(Intervention)
class InterventionAdmin(ReadOnly):
    list_display = ("title", "kind", "agent", "queue", "risk", "status", "outcome", "due_at")
    list_filter = ("status", "kind", "risk", "queue")
    list_select_related = ("queue",)
    search_fields = ("=id", "=run__id")
    ordering = ("-created_at", "-id")


@admin.register(Decision)
class DecisionAdmin(ReadOnly):
    list_display = ("intervention", "verdict", "decided_by", "created_at")
    list_filter = ("verdict",)
    list_select_related = ("intervention", "decided_by")
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The votes they may know of: an administrator with a seat votes blindly like everybody else."""
        return super().get_queryset(request).filter(pk__in=access.visible_decisions(request.user).values("pk"))


@admin.register(Checkpoint)
class CheckpointAdmin(ReadOnly):
    list_display = ("run_id", "number", "asked", "agent_version", "sdk_version", "created_at")
    list_filter = ("asked",)
    search_fields = ("=run__id",)
    ordering = ("-id",)


@admin.register(ToolCall)
class ToolCallAdmin(ReadOnly):
    list_display = ("call_id", "tool", "agent", "ruling", "status", "created_at", "finished_at")
    list_filter = ("status", "ruling")
    search_fields = ("=call_id", "=run__id", "=tool")
    ordering = ("-id",)


@admin.register(Event)
class EventAdmin(ReadOnly):
    list_display = ("seq", "at", "kind", "actor", "run_id")
    search_fields = ("=run__id", "=kind", "=actor")
    ordering = ("-seq",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without the lines that would tell who voted what before they have voted themselves."""
        told = Q(intervention__in=access.blind_to(request.user), actor_type=ActorType.USER)
        return super().get_queryset(request).exclude(told & ~Q(actor=request.user.get_username()))


@admin.register(Span)
class SpanAdmin(ReadOnly):
    list_display = ("span_id", "kind", "name", "run_id", "started_at", "ended_at")
    list_filter = ("kind",)
    search_fields = ("=run__id", "=span_id")
    ordering = ("-id",)
