"""What a message says: made of names and numbers of the desk, never of what an agent wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse

from reviews.models import Notice
from reviews.states import Kind, NoticeKind, Risk

SUBJECTS = {
    NoticeKind.OPENED: "New: {what}",
    NoticeKind.REMINDER: "Reminder: {what}",
    NoticeKind.ESCALATED: "Escalated{level}: {what}",
    NoticeKind.ASSIGNED: "Assigned to you: {what}",
    NoticeKind.OVERDUE: "Overdue: {what}",
    NoticeKind.EXPIRED: "Expired: {what}",
    NoticeKind.MENTIONED: "You were mentioned: {what}",
    NoticeKind.WATCHDOG: "The review desk needs attention",
    NoticeKind.TEST: "A test message of the review desk",
}
ASKED = {
    Kind.TOOL_APPROVAL: "{tool} needs approval",
    Kind.QUESTION: "{agent} asks a person",
    Kind.FINAL_OUTPUT: "an output of {agent} waits for release",
    Kind.UNKNOWN_OUTCOME: "did {tool} happen?",
}
FOOT = "Nothing can be decided from this message: open the item, sign in and look at what is proposed."


@dataclass(frozen=True)
class Line:
    """One notice in words; ``facts`` are names with their values."""

    subject: str
    says: str
    facts: tuple[tuple[str, str], ...]
    link: str


def line(notice: Notice, zone: str = "UTC") -> Line:
    """The notice in words, with its times in that zone."""
    said = notice.payload
    what = ASKED.get(said.get("asked", ""), "an item").format(tool=_name(said, "tool"), agent=_name(said, "agent"))
    level = f" to level {said['level']}" if said.get("level") else ""
    subject = SUBJECTS[NoticeKind(notice.kind)].format(what=what, level=level)
    return Line(subject, str(said.get("says", "")), tuple(_facts(said, zone)), link_to(notice))


def lines(notices: Sequence[Notice], zone: str) -> list[Line]:
    """Several in words."""
    return [line(notice, zone) for notice in notices]


def link_to(notice: Notice) -> str:
    """Where to go: the item, or else the desk."""
    return origin() + (
        reverse("reviews:intervention", args=[notice.intervention_id]) if notice.intervention_id else "/"
    )


def origin() -> str:
    """The address of the desk."""
    return str(settings.SITE_ORIGINS[0])


def due(said: dict[str, Any], zone: str) -> str:
    """When the item is due, by the clock of that zone."""
    return f"{datetime.fromisoformat(said['due_at']).astimezone(ZoneInfo(zone)):%a %d %b %Y, %H:%M} ({zone})"


def _facts(said: dict[str, Any], zone: str) -> list[tuple[str, str]]:
    if "asked" not in said:
        return []
    facts = [
        ("Queue", _name(said, "queue")),
        ("Agent", _name(said, "agent")),
        ("Risk", str(Risk(said["risk"]).label)),
        ("Due", due(said, zone)),
    ]
    return facts + ([("Held by", said["holder"])] if said.get("holder") else [])


def _name(said: dict[str, Any], key: str) -> str:
    """A name on one line, whatever signs it holds."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in str(said.get(key, ""))).split())[:200]
