"""The dates that follow from time limits, for a moment that the reader chooses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from reviews import escalations
from reviews.businesstime import OFFICE, Calendar
from reviews.escalations import BadEscalation
from reviews.models import Calendar as CalendarRow
from reviews.states import Risk
from reviews.web import texts


def calendar_of(slug: str) -> Calendar:
    """The calendar of that name as it stands now."""
    row = CalendarRow.objects.newest(slug).first()
    return row.read() if row else OFFICE


def preview(said: Mapping[str, Any], body: dict[str, Any], calendar: Calendar) -> dict[str, Any]:
    """The dates for the chosen moment and risk; nothing but what is wrong where the body cannot be read."""
    zone = ZoneInfo(calendar.zone)
    risk = texts.number(said.get("risk", ""))
    risk = risk if risk in list(Risk) else int(Risk.MEDIUM)
    opened = _moment(said.get("opened", ""), zone) or escalations.friday_evening(calendar, after=timezone.now())
    found: dict[str, Any] = {"opened": _wall(opened, zone), "zone": zone.key, "risk": risk, "risks": Risk.choices}
    try:
        dated = escalations.plan(body, calendar, opened, risk)
        told = escalations.warnings(body, calendar)
    except (BadEscalation, OverflowError, ValueError) as error:
        return found | {"errors": getattr(error, "errors", {"": str(error)}), "dated": []}
    return found | {"errors": {}, "dated": [(one, _wall(one.at, zone)) for one in dated], "warnings": told}


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    """What a clock on the wall there shows; without a zone, or a template would turn it into its own."""
    return moment.astimezone(zone).replace(tzinfo=None)


def _moment(text: str, zone: ZoneInfo) -> datetime | None:
    """A wall time in that zone, of a year that all clocks know."""
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found.replace(tzinfo=zone) if found and found.tzinfo is None and 1990 < found.year < 2100 else None
