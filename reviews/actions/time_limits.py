"""What people do to time limits and calendars: write the next version of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from reviews import access, audit, escalations
from reviews.actions.errors import Conflict, Invalid
from reviews.actions.policy_bodies import SLUG
from reviews.actions.text import is_deep, storable
from reviews.actors import Actor, name_of
from reviews.audit import Act
from reviews.businesstime import BadCalendar
from reviews.businesstime import Calendar as Hours
from reviews.escalations import BadEscalation
from reviews.models import Calendar, EscalationPolicy
from reviews.models.escalation_policy import DEFAULT_CALENDAR

Row = TypeVar("Row", Calendar, EscalationPolicy)
LONGEST, DEEPEST = 60, 20


def write(slug: str, *, by: User, body: Mapping[str, Any], seen: int) -> EscalationPolicy:
    """The next version of a policy of time; it holds for what is asked from now on. ``seen`` is the version it changes.

    Raises Conflict where somebody has written one since, Invalid with what is wrong by key, PermissionDenied.
    """
    access.require_policy_writer(by)
    try:
        said = escalations.read(_kept(body)).snapshot()
    except BadEscalation as error:
        raise Invalid(**error.errors) from None
    named = said["calendar"]
    if named not in ("", DEFAULT_CALENDAR) and not Calendar.objects.newest(named).exists():
        raise Invalid(calendar=f"There is no calendar {named!r}.")
    _require_moments(said, named or DEFAULT_CALENDAR)
    made = EscalationPolicy(slug=_slug(slug), body=said, written_by=by, created_at=timezone.now())
    return _add(made, seen, "time_limits.written", body=said)


def write_calendar(slug: str, *, by: User, body: Mapping[str, Any], seen: int) -> Calendar:
    """The next version of a calendar, with ``zone``, ``hours`` and ``holidays``; open questions keep theirs.

    Raises Conflict, Invalid, PermissionDenied.
    """
    access.require_policy_writer(by)
    try:
        said = Hours.read(_kept(body)).snapshot()
    except BadCalendar as error:
        raise Invalid(**error.errors) from None
    made = Calendar(slug=_slug(slug), **said, written_by=by, created_at=timezone.now())
    return _add(made, seen, "calendar.written", body=said)


def _add(made: Row, seen: int, action: str, **said: Any) -> Row:
    """Keep it as the version after the one that was seen; the database holds each number once."""
    rows: Any = type(made)._default_manager
    newest = rows.filter(slug=made.slug).order_by("-version").select_related("written_by").first()
    if (newest.version if newest else 0) != seen:
        raise Conflict(_changed(newest, made.slug))
    made.version = seen + 1
    assert made.written_by is not None
    try:
        with transaction.atomic():
            made.save(force_insert=True)
            if action == "calendar.written":
                audit.record(Act("calendar.written", Actor.of(made.written_by), data=_told(made, **said)))
            else:
                audit.record(Act("time_limits.written", Actor.of(made.written_by), data=_told(made, **said)))
    except IntegrityError:
        raise Conflict(f"Somebody else has just written version {made.version} of {made.slug}.") from None
    return made


def _require_moments(said: Mapping[str, Any], calendar: str) -> None:
    """Raises Invalid where a moment of it would not come, because its calendar is hardly ever open."""
    row = Calendar.objects.newest(calendar).first()
    try:
        escalations.plan(said, row.read() if row else None, timezone.now())
    except (ValueError, OverflowError) as error:
        raise Invalid(calendar=f"{calendar} is hardly ever open: {error}") from None


def _changed(newest: Any, slug: str) -> str:
    if newest is None:
        return f"There is no {slug} that could be changed."
    author = name_of(newest.written_by) if newest.written_by else "The system"
    return f"{author} has written version {newest.version} of {slug} since you read it."


def _told(row: Calendar | EscalationPolicy, **more: Any) -> dict[str, Any]:
    return {"policy": row.slug, "version": row.version} | more


def _slug(text: str) -> str:
    if not SLUG.fullmatch(text) or len(text) > LONGEST:
        raise Invalid(slug=f"Write lowercase letters, digits and dashes, at most {LONGEST}.")
    return text


def _kept(body: Mapping[str, Any]) -> Mapping[str, Any]:
    if is_deep(body, DEEPEST) or storable(body) != body:
        raise Invalid(body="There is something in it that no database can keep.")
    return body
