"""Time for tests: it stands still until it is moved, and the desk's clock rings as it passes."""

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from reviews.actions import firing, timers
from reviews.models import EscalationPolicy, Timer
from tests import factories

NOON = datetime(2026, 6, 3, 12, tzinfo=UTC)  # a Wednesday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Traveller:
    """The one clock of a test."""

    def __init__(self, monkeypatch):
        self.now = NOON
        monkeypatch.setattr(timezone, "now", lambda: self.now)

    def pass_by(self, **span):
        """Let time pass with the desk's clock at work: it sweeps once a minute, as it does every few seconds."""
        end = self.now + timedelta(**span)
        while self.now < end:
            self.now = min(self.now + MINUTE, end)
            firing.fire_due(self.now)

    def stand_still(self, **span):
        """Let time pass while the desk's clock is down."""
        self.now += timedelta(**span)

    def sweep(self):
        """One round of the desk's clock; returns what fired."""
        return firing.fire_due(self.now)


def policy(slug="test", version=1, **changes):
    """A policy of time, on the wall clock unless changed."""
    body = {
        "clock": "wall",
        "respond_within": "1h",
        "expires_after": "4h",
        "steps": [],
        "final": {"do": "reject", "message": "Ask again tomorrow."},
    } | changes
    people = {name: body.pop(name) for name in ("written_by", "enabled_by") if name in body}
    return EscalationPolicy.objects.create(slug=slug, version=version, body=body, created_at=timezone.now(), **people)


def ask(**changes):
    """An open question under the policy ``test``; what is not of a judgement is of the proposal."""
    said = {"escalation": "test", **changes.pop("judgement", {})}
    return factories.question(judgement=said, **changes)


def step(at, do, **more):
    return {"at": at, "do": do, **more}


def results(question):
    """What came of each timer, in the order in which they were meant."""
    rows = Timer.objects.filter(intervention=question).order_by("intended_at", "id")
    return [(row.kind, row.step_no, row.result or ("cancelled" if row.cancelled_at else "waits")) for row in rows]


def final_of(question):
    return timers.escalation_of(question).final
