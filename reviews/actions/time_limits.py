"""What people do to time limits and calendars: write the first version, or one that waits for a second person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from reviews import access, audit, escalations
from reviews.actions import agreements
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
from reviews.states import Standing

Row = TypeVar("Row", Calendar, EscalationPolicy)
LONGEST, DEEPEST = 60, 20


def write(slug: str, *, by: User, body: Mapping[str, Any], seen: int) -> EscalationPolicy:
    """The next version of a policy of time. ``seen`` is the version it changes.

    The first one holds for what is asked from now on, every other once a second person agrees. Raises Conflict where
    somebody has written one since, Invalid with what is wrong by key, PermissionDenied.
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
    return _add(made, seen, said)


def write_calendar(slug: str, *, by: User, body: Mapping[str, Any], seen: int) -> Calendar:
    """The next version of a calendar, with ``zone``, ``hours`` and ``holidays``; open questions keep theirs.

    A change waits for a second person, and so does any word on the usual calendar. Raises Conflict, Invalid,
    PermissionDenied.
    """
    access.require_policy_writer(by)
    try:
        said = Hours.read(_kept(body)).snapshot()
    except BadCalendar as error:
        raise Invalid(**error.errors) from None
    made = Calendar(slug=_slug(slug), **said, written_by=by, created_at=timezone.now())
    return _add(made, seen, said)


def _add(made: Row, seen: int, said: Mapping[str, Any]) -> Row:
    """Keep it as the version after the one that was seen; the database holds each number once."""
    rows: Any = type(made)._default_manager.filter(slug=made.slug)
    newest = rows.order_by("-version").select_related("written_by").first()
    standing = rows.exclude(standing=Standing.TURNED_DOWN).order_by("-version").select_related("written_by").first()
    if seen not in {row.version if row else 0 for row in (newest, standing)}:
        raise Conflict(_changed(standing or newest, made.slug))
    made.version = newest.version + 1 if newest else 1
    try:
        with transaction.atomic():
            if agreements.needs_second(made):
                made.standing = Standing.PROPOSED
            made.save(force_insert=True)
            audit.record(_act(made, agreements.told(made, body=said)))
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


def _act(made: Row, data: dict[str, Any]) -> Act:
    assert made.written_by is not None
    by = Actor.of(made.written_by)
    if isinstance(made, Calendar):
        return Act("calendar.proposed" if made.is_proposed else "calendar.written", by, data=data)
    return Act("time_limits.proposed" if made.is_proposed else "time_limits.written", by, data=data)


def _changed(newest: Any, slug: str) -> str:
    if newest is None:
        return f"There is no {slug} that could be changed."
    author = name_of(newest.written_by) if newest.written_by else "The system"
    return f"{author} has written version {newest.version} of {slug} since you read it."


def _slug(text: str) -> str:
    if not SLUG.fullmatch(text) or len(text) > LONGEST:
        raise Invalid(slug=f"Write lowercase letters, digits and dashes, at most {LONGEST}.")
    return text


def _kept(body: Mapping[str, Any]) -> Mapping[str, Any]:
    if is_deep(body, DEEPEST) or storable(body) != body:
        raise Invalid(body="There is something in it that no database can keep.")
    return body
