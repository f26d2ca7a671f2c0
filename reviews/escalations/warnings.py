"""What the author of a policy of time should know though it is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from reviews.businesstime import OFFICE, Calendar
from reviews.escalations.policy import Escalation
from reviews.escalations.reading import read
from reviews.escalations.timetable import EXPIRE, plan

EXAMPLE, FRIDAY = datetime(2026, 1, 6, tzinfo=UTC), 4


def warnings(body: Escalation | Mapping[str, Any], calendar: Calendar | None) -> list[str]:
    """What to tell, with the dates of an item opened on a Friday at 17:00. Raises BadEscalation."""
    escalation = body if isinstance(body, Escalation) else read(body)
    friday = friday_evening(calendar or OFFICE)
    dated = plan(escalation, calendar, friday)
    over = next((one.at for one in dated if one.kind == EXPIRE), None)
    zone = ZoneInfo((calendar or OFFICE).zone)
    said = [
        f"Opened {_when(friday, zone)}, “{one.what}” would come {_when(one.at, zone)}, "
        f"but the time is over {_when(over, zone)}."
        for one in dated
        if one.lost and over is not None
    ]
    if escalation.final.do == "approve":
        said.append("Silence approves: two people must enable it, and it holds for low risk only.")
    return said


def friday_evening(calendar: Calendar, after: datetime = EXAMPLE) -> datetime:
    """The example every preview can use: the next Friday at 17:00 in the calendar's zone, in UTC."""
    zone = ZoneInfo(calendar.zone)
    day = after.astimezone(zone).date()
    while (found := datetime.combine(day, time(17), zone)) <= after or day.weekday() != FRIDAY:
        day += timedelta(days=1)
    return found.astimezone(UTC)


def _when(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%a %H:%M}"
