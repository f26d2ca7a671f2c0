"""The second person's word on changed time limits and calendars."""

from __future__ import annotations

from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from reviews import access, audit
from reviews.actions.errors import Conflict
from reviews.actors import Actor, name_of
from reviews.audit import Act
from reviews.models import Calendar, EscalationPolicy
from reviews.models.escalation_policy import DEFAULT_CALENDAR
from reviews.states import Standing

Row = TypeVar("Row", Calendar, EscalationPolicy)
OWN_WORDS = "You wrote this, or what it was made from, so somebody else has to agree."


def needs_second(row: Calendar | EscalationPolicy) -> bool:
    """Whether a new version waits for a second person: every change does, and the first word on the usual calendar.

    Whether a rule uses it is not asked. Who names it in a rule, and who puts that in force, have read one text; no
    other may take its place unseen, neither before the rule, nor while it waits, nor after it.
    """
    return row.version > 1 or (isinstance(row, Calendar) and row.slug == DEFAULT_CALENDAR)


@transaction.atomic
def agree(row: Row, *, by: User) -> Row:
    """Put a proposed version in force, as the second person; older proposals are given up with it.

    Raises Conflict where it is none any more, there is a newer one, or this person wrote it; PermissionDenied.
    """
    found, versions = _taken(row, by)
    if why_not := _hindrance(found, versions, by):
        raise Conflict(why_not)
    _settle(found, Standing.IN_FORCE, by)
    given_up = [one.version for one in versions if one.is_proposed and one.version < found.version]
    for one in versions:
        if one.version in given_up:
            _settle(one, Standing.TURNED_DOWN, by)
    data = told(found, written_by=_writer(found), body=found.body, replaces=given_up)
    if isinstance(found, Calendar):
        audit.record(Act("calendar.agreed", Actor.of(by), data=data))
    else:
        audit.record(Act("time_limits.agreed", Actor.of(by), data=data))
    return found


@transaction.atomic
def turn_down(row: Row, *, by: User) -> Row:
    """Give a proposed version up, as its author or anybody else who may write. Raises Conflict, PermissionDenied."""
    found, _ = _taken(row, by)
    if not found.is_proposed:
        raise Conflict(_settled(found))
    _settle(found, Standing.TURNED_DOWN, by)
    data = told(found, written_by=_writer(found))
    if isinstance(found, Calendar):
        audit.record(Act("calendar.turned_down", Actor.of(by), data=data))
    else:
        audit.record(Act("time_limits.turned_down", Actor.of(by), data=data))
    return found


def hindrance(row: Row, user: User) -> str:
    """Why this person may not agree to a version, for the button: empty where they may."""
    if not access.writes_policies(user):
        return "Only managers and admins change policies."
    return _hindrance(row, list(_versions(row)), user)


def told(row: Calendar | EscalationPolicy, **more: Any) -> dict[str, Any]:
    """What the book keeps of one version."""
    return {"policy": row.slug, "version": row.version} | more


def _hindrance(row: Row, versions: list[Row], user: User) -> str:
    if not row.is_proposed:
        return _settled(row)
    newer = [one for one in versions if one.version > row.version and one.standing != Standing.TURNED_DOWN]
    if newer:
        return f"Version {max(one.version for one in newer)} was written since."
    in_force = max((one.version for one in versions if one.standing == Standing.IN_FORCE), default=0)
    since = [one for one in versions if one.is_proposed and in_force < one.version <= row.version]
    return OWN_WORDS if user.pk in {one.written_by_id for one in since} else ""


def _settled(row: Calendar | EscalationPolicy) -> str:
    who = f" by {name_of(row.answered_by)}" if row.answered_by else ""
    return f"{row} was turned down{who}." if row.standing == Standing.TURNED_DOWN else f"{row} is in force{who}."


def _taken(row: Row, by: User) -> tuple[Row, list[Row]]:
    """The version, re-read, with every other one, all locked until the transaction ends."""
    access.require_policy_writer(by)
    versions = list(_versions(row).select_for_update(no_key=True))
    found = next((one for one in versions if one.pk == row.pk), None)
    if found is None:
        raise Conflict(f"{row} is not there any more.")
    return found, versions


def _versions(row: Row) -> Any:
    return type(row)._default_manager.filter(slug=row.slug).order_by("id")


def _settle(row: Calendar | EscalationPolicy, standing: Standing, by: User) -> None:
    row.standing, row.answered_by, row.answered_at = standing, by, timezone.now()
    row.save(update_fields=["standing", "answered_by", "answered_at"])


def _writer(row: Calendar | EscalationPolicy) -> str:
    return row.written_by.get_username() if row.written_by else "system"
