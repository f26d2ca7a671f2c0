"""The desk's small components: icons, badges, clocks, people, bars and fields."""

import zlib
from datetime import datetime
from typing import Any

from django import template
from django.forms import BoundField
from django.template.defaultfilters import date
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from reviews import catalog
from reviews.states import InterventionStatus, Outcome, Risk, RunStatus, ToolCallStatus
from reviews.templatetags.readable import initials, pace, remaining

register = template.Library()

HUES = 5  # colours of avatars, in badges.css
BADGES: dict[str, tuple[str, str]] = {  # status → icon, tone
    RunStatus.QUEUED: ("circle-dashed", "idle"),
    RunStatus.RUNNING: ("loader-2", "busy"),
    RunStatus.AWAITING_REVIEW: ("player-pause", "wait"),
    RunStatus.PAUSED: ("hand-stop", "caution"),
    RunStatus.COMPLETED: ("circle-check", "good"),
    RunStatus.FAILED: ("alert-triangle", "bad"),
    RunStatus.CANCELLED: ("player-stop", "idle"),
    InterventionStatus.PENDING: ("clock", "wait"),
    InterventionStatus.CLAIMED: ("user-check", "busy"),
    InterventionStatus.DECIDED: ("check", "good"),
    InterventionStatus.EXPIRED: ("hourglass", "bad"),
    Outcome.APPROVED: ("check", "good"),
    Outcome.EDITED: ("pencil", "good"),
    Outcome.OVERRIDDEN: ("replace", "caution"),
    Outcome.REJECTED: ("x", "bad"),
    Outcome.ANSWERED: ("message", "good"),
    Outcome.DEFAULTED: ("hourglass", "caution"),
    ToolCallStatus.PROPOSED: ("circle-dashed", "idle"),
    ToolCallStatus.STARTED: ("bolt", "busy"),
    ToolCallStatus.DONE: ("circle-check", "good"),
    ToolCallStatus.REFUSED: ("ban", "bad"),
    ToolCallStatus.SUPPLIED: ("replace", "caution"),
    ToolCallStatus.UNKNOWN: ("help-circle", "wait"),
}
LABELS: dict[str, str] = {
    str(value): str(label)
    for choices in (ToolCallStatus, Outcome, InterventionStatus, RunStatus)  # a later one wins where values agree
    for value, label in choices.choices
}


@register.simple_tag
def icon(name: str, size: str = "", label: str = "") -> SafeString:
    """Return the sprite's icon `name`; `size` is "", "small" or "large"; without `label` it is decoration."""
    hidden = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    href = f"{static('desk/icons.svg')}#{name}"
    return format_html('<svg class="{}" {}><use href="{}"/></svg>', f"icon {size}".strip(), hidden, href)


@register.simple_tag
def risk(level: int) -> SafeString:
    """Return the badge of a risk from 1 to 4: four bars and a word, so colour is never alone."""
    return format_html(
        '<span class="risk" data-level="{}"><span class="bars" aria-hidden="true"><i></i><i></i><i></i><i></i></span>'
        '<span class="vh">Risk: </span>{}</span>',
        int(level),
        Risk(level).label,
    )


@register.simple_tag
def state(status: str, label: str = "") -> SafeString:
    """Return the pill of a run's, question's or tool call's status, or of an outcome.

    A bare "cancelled" reads as a run's; for the others give `label=thing.get_status_display`.
    """
    name, tone = BADGES.get(status, ("circle-dashed", "idle"))
    text = label or getattr(status, "label", None) or LABELS.get(status, status)
    return format_html('<span class="state" data-tone="{}">{}{}</span>', tone, icon(name, "small"), text)


@register.filter
def tone(status: str) -> str:
    """Return the tone of a status (idle, busy, wait, caution, good, bad), for `data-tone`."""
    return BADGES.get(status, ("", "idle"))[1]


@register.filter
def status_icon(status: str) -> str:
    """Return the name of a status's icon."""
    return BADGES.get(status, ("circle-dashed", ""))[0]


@register.filter
def agent_title(slug: str) -> str:
    """Return the title of an agent; the slug where this process does not know it."""
    try:
        return catalog.get(slug).title
    except catalog.UnknownAgent:
        return slug


@register.simple_tag
def sla(due: datetime | None) -> SafeString:
    """Return the clock that counts down to `due`; nothing when there is no deadline."""
    if due is None:
        return SafeString("")
    seconds = round((due - timezone.now()).total_seconds())
    return format_html(
        '<span class="sla" title="Due {}">{}<span class="vh">{}</span>'
        '<sla-clock due="{}" data-pace="{}">{}</sla-clock></span>',
        due.strftime("%Y-%m-%d %H:%M UTC"),
        icon("clock", "small"),
        "Overdue by " if seconds < 0 else "Due in ",
        due.isoformat(),
        pace(seconds),
        remaining(seconds),
    )


@register.simple_tag
def moment(at: datetime | None, style: str = "H:i:s") -> SafeString:
    """Return `at` as a `<time>` in local time, the full UTC moment in its title; a dash when there is none."""
    if at is None:
        return SafeString("–")
    shown = timezone.localtime(at)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(),
        at.strftime("%Y-%m-%d %H:%M:%S UTC"),
        date(shown, style),
    )


@register.simple_tag
def avatar(name: str, size: str = "") -> SafeString:
    """Return a round avatar with the initials of `name`, always in the same colour; `size` is "" or "small"."""
    hue = zlib.crc32(name.encode()) % HUES
    return format_html(
        '<span class="{}" data-hue="{}" aria-hidden="true">{}</span>', f"avatar {size}".strip(), hue, initials(name)
    )


@register.simple_tag
def bar(start: float, length: float, total: float, kind: str = "model") -> SafeString:
    """Return one bar of the waterfall: `length` seconds from `start` of `total`; kind is model, tool, wait or bad."""
    whole = max(total, 0.001)
    width = min(100.0, max(1.2, 100 * length / whole))
    left = min(100.0 - width, max(0.0, 100 * start / whole))
    return format_html(
        '<svg class="wave" aria-hidden="true"><rect class="track" x="0" y="10" width="100%" height="6" rx="3"/>'
        '<rect class="{}" x="{}%" y="10" width="{}%" height="6" rx="3"/></svg>',
        kind,
        f"{left:.2f}",
        f"{width:.2f}",
    )


@register.simple_tag
def load_bar(load: int, most: int, average: float) -> SafeString:
    """Return a bar as long as one person's load beside the greatest; half as much again as the average is much."""
    width = 100 * load / max(most, 1)
    return format_html(
        '<svg class="load" aria-hidden="true"><rect class="track" width="100%" height="6" rx="3"/>'
        '<rect class="{}" width="{}%" height="6" rx="3"/></svg>',
        "much" if load > 1.5 * average else "fair",
        f"{width:.1f}",
    )


@register.inclusion_tag("components/field.html")
def field(
    bound: BoundField, label: str = "", wide: bool = False, optional: bool = False, was: str | None = None
) -> dict[str, Any]:
    """Show a form field with its label, help and errors; `wide` takes a whole line of `.fields-grid`.

    `was` says at the field what stood there before; "" keeps the place for it.
    """
    return {"field": bound, "label": label, "wide": wide, "optional": optional, "was": was}


@register.inclusion_tag("components/pick.html")
def pick(bound: BoundField, label: str = "") -> dict[str, Any]:
    """Show a multiple choice field as a filter chip that opens a list of ticks; works without scripts."""
    values = {str(value) for value in bound.value() or []}
    chosen = [text for value, text in getattr(bound.field, "choices", []) if str(value) in values]
    return {"field": bound, "label": label or bound.label, "chosen": chosen}
