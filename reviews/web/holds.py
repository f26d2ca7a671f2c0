"""What the review pane offers beside a verdict: putting aside, more time, asking back, going up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from reviews.actions import asking_back, assignments, timers
from reviews.models import AskBack, Intervention

SNOOZES = (15, 30, 60, 120, 240, 480, 1440)
EXTENSIONS = (15, 30, 60, 120, 240, 480, 1440)
"""Minutes that the menus offer."""
SHOWN = 10


def context(user: User, item: Intervention, *, may_decide: bool) -> dict[str, Any]:
    """Return what the forms beside the verdict need; one query, and one more where somebody can be asked."""
    asked = list(item.ask_backs.select_related("asked_by", "asked_of").order_by("-id")[:SHOWN])
    open_one = next((one for one in asked if one.closed_at is None and item.is_open), None)
    now, is_free = timezone.now(), item.assignee_id in (None, user.pk)
    aside = item.snoozed_until is not None and item.snoozed_until > now
    return {
        "asked_back": asked,
        "ask_back": open_one,
        "asks_me": open_one is not None and open_one.asked_of_id == user.pk,
        "can_ask": asking_back.whom(item, user) if may_decide and open_one is None else [],
        "snoozes": _snoozes(item, now) if may_decide and is_free and not aside else [],
        "is_aside": aside and item.assignee_id == user.pk,
        "extensions": _extensions(item, now) if may_decide and open_one is None else [],
        "extensions_left": max(0, settings.FOUREYES_EXTENSIONS - item.extended),
        "may_escalate": may_decide and item.level < assignments.HIGHEST,
        "may_take": may_decide and item.assignee_id is None,
        "may_withdraw": _may_withdraw(user, open_one),
    }


def span(minutes: int) -> str:
    """How the menus call so many minutes."""
    if minutes >= 1440:
        return "1 day" if minutes == 1440 else f"{minutes // 1440} days"
    if minutes < 60:
        return f"{minutes} minutes"
    return "1 hour" if minutes == 60 else f"{minutes // 60} hours"


def _snoozes(item: Intervention, now: datetime) -> list[tuple[int, str]]:
    """The spans that end before it is due."""
    return [(minutes, span(minutes)) for minutes in SNOOZES if now + timedelta(minutes=minutes) < item.due_at]


def _extensions(item: Intervention, now: datetime) -> list[tuple[int, str]]:
    """The extensions that settings, the expiry and the present allow."""
    if item.extended >= settings.FOUREYES_EXTENSIONS:
        return []
    return [
        (minutes, span(minutes))
        for minutes in EXTENSIONS
        if minutes * 60 <= settings.FOUREYES_EXTEND_SECONDS and _fits(item, timers.due_after(item, minutes * 60), now)
    ]


def _fits(item: Intervention, due_at: datetime, now: datetime) -> bool:
    return due_at > now and (item.expires_at is None or due_at <= item.expires_at)


def _may_withdraw(user: User, asked: AskBack | None) -> bool:
    return asked is not None and asked.asked_by_id == user.pk
