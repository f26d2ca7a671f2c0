"""A system check: the database still refuses to alter the book."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from reviews.audit import triggers


@register(Tags.database)
def audit_triggers_exist(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """An error for each database that has the audit table without its triggers."""
    errors: list[CheckMessage] = []
    for alias in databases or []:
        connection = connections[alias]
        if triggers.TABLE not in connection.introspection.table_names():
            continue  # before the first migration there is nothing to protect
        if lost := triggers.missing(connection):
            errors.append(
                Error(
                    f"The audit log of database {alias!r} is not protected: {', '.join(lost)} missing.",
                    hint="A migration that rebuilt the table drops them. Run: manage.py verify_audit --repair-triggers",
                    id="reviews.E001",
                )
            )
    return errors
