"""What is changed in the admin stands in the book."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from reviews import audit
from reviews.actors import Actor
from reviews.admin.rights import rights_of
from reviews.audit import Act

BEFORE = "foureyes.rights_before"
"""Where a request keeps what the row let people do before the form was saved."""
Rights = dict[str, Any] | None


class Signed(admin.ModelAdmin[Any]):
    """Every change made here is written into the book, in the transaction of the change, with the rights it moved."""

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        found = super().get_object(request, *args, **kwargs)
        if found is not None:
            request.META[BEFORE] = rights_of(found)
        return found

    def log_addition(self, request: HttpRequest, object: Any, message: Any) -> LogEntry:
        _sign(request, "added", object, message, after=rights_of(object))
        return super().log_addition(request, object, message)

    def log_change(self, request: HttpRequest, object: Any, message: Any) -> LogEntry:
        _sign(request, "changed", object, message, before=request.META.get(BEFORE), after=rights_of(object))
        return super().log_change(request, object, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for object in queryset:
            _sign(request, "deleted", object, [], before=rights_of(object))
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
