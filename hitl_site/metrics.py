"""What Prometheus reads: how much waits, who works, how far the clock is behind. Numbers only, and no person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from reviews import pulse
from reviews.actions import figures
from reviews.models.finding import Alarm
from reviews.states import Risk

Family = Iterator[GaugeMetricFamily]


def metrics(request: HttpRequest) -> HttpResponse:
    """The numbers, for who knows FOUREYES_METRICS_TOKEN; without that setting there is no such page."""
    if not settings.FOUREYES_METRICS_TOKEN:
        return HttpResponse("not found", status=404, content_type="text/plain")
    scheme, _, said = request.headers.get("Authorization", "").partition(" ")
    is_known = constant_time_compare(said.strip(), settings.FOUREYES_METRICS_TOKEN)
    if scheme.lower() != "bearer" or not is_known:
        refusal = {"WWW-Authenticate": 'Bearer realm="metrics"'}
        return HttpResponse("a token is needed", status=401, content_type="text/plain", headers=refusal)
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    registry = CollectorRegistry()
    registry.register(Desk())
    try:
        said_now = encode(registry)
    except DatabaseError:
        return HttpResponse("the database is away", status=503, content_type="text/plain")
    return HttpResponse(said_now, content_type=content_type, headers={"Cache-Control": "no-store"})


class Desk(Collector):
    """Asked once a scrape: a fixed number of statements, whatever there is to count."""

    def describe(self) -> list[Any]:
        """Nothing in advance: the registry would otherwise collect once more to learn the names."""
        return []

    def collect(self) -> Family:
        """Every number there is."""
        now = timezone.now()
        for part in (_questions, _runs, _fleet, _clock, _owed):
            yield from part(now)


def _questions(now: datetime) -> Family:
    number = _gauge("open_questions", "Questions that wait for a human", "queue", "risk")
    overdue = _gauge("open_questions_overdue", "Open questions past the moment they were due", "queue", "risk")
    waiting = figures.questions(now)
    for part in waiting:
        labels = [part.slug, Risk(part.risk).name.lower()]
        number.add_metric(labels, part.number)
        overdue.add_metric(labels, part.overdue)
    oldest = min((part.oldest for part in waiting), default=now)
    yield from (
        number,
        overdue,
        _one("oldest_question_seconds", "How long the oldest open question waits", now, oldest),
    )


def _runs(now: datetime) -> Family:
    runs = _gauge("runs", "Runs that have not ended", "status")
    newest = _gauge("newest_runs", f"How the newest {figures.LATELY} runs stand", "status")
    for family, counted in ((runs, figures.open_runs()), (newest, figures.newest_runs())):
        for status, number in counted.items():
            family.add_metric([status], number)
    oldest = figures.oldest_queued()
    queued = oldest.queued_at if oldest else now
    yield from (runs, newest, _one("oldest_queued_run_seconds", "How long the oldest queued run waits", now, queued))


def _fleet(now: datetime) -> Family:
    crew = figures.crew(now)
    up = [member for member in crew if not member.is_stale]
    free = sum(max(0, member.worker.places - member.carried) for member in up)
    yield _one("workers_up", "Workers that gave a sign of life lately", len(up))
    yield _one("workers_silent", "Workers that fell silent without leaving", len(crew) - len(up))
    yield _one("places_free", "Runs that the workers that are up could still take", free)


def _clock(now: datetime) -> Family:
    for name, told, last in (
        ("last_sweep_seconds", "Time since the last sweep of the clock; absent where nobody knows", pulse.last_sweep()),
        ("last_round_seconds", "Time since the last round of the watchdog; absent likewise", pulse.last_round()),
    ):
        if last is not None:
            yield _one(name, told, now, last)
    yield _one("clock_up", "Whether there was a sweep lately", pulse.beats())
    yield _one("timers_overdue", f"Timers that should have fired, at most {figures.MOST}", figures.late_timers(now))


def _owed(now: datetime) -> Family:
    notices = _gauge("notices", f"Messages to the outside that are not sent, at most {figures.MOST} each", "status")
    for status, number in figures.unsent_notices().items():
        notices.add_metric([status], number)
    findings = _gauge("findings", "What the watchdog found and still holds", "kind")
    for kind, number in (dict.fromkeys(Alarm.values, 0) | figures.open_findings()).items():
        findings.add_metric([kind], number)
    yield from (notices, findings)


def _gauge(name: str, told: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"foureyes_{name}", told, labels=labels)


def _one(name: str, told: str, value: float | datetime, since: datetime | None = None) -> GaugeMetricFamily:
    """One number; of two moments the seconds between them."""
    number = (value - since).total_seconds() if isinstance(value, datetime) and since else value
    return GaugeMetricFamily(f"foureyes_{name}", told, value=float(number))  # type: ignore[arg-type]
