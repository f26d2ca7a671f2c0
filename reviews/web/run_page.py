"""What one run's page shows, to a browser and over its socket alike."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404
from django.urls import reverse

from reviews import access, catalog
from reviews.actions import fleet
from reviews.models import Event, Run
from reviews.states import RunStatus, ToolCallStatus
from reviews.web import timeline

LISTED = 100
"""Checkpoints and decisions named beside the steps, the newest of each."""


def visible(user: User) -> QuerySet[Run]:
    """The runs a person may open, with what their page shows of other rows."""
    return access.visible_runs(user).select_related("queue", "started_by")


def find(user: User, run_id: UUID) -> Run:
    """The run. Raises Http404 alike for one that is not there and one that is not theirs."""
    run = visible(user).filter(pk=run_id).first()
    if run is None:
        raise Http404
    return run


def newest_seq(run: Run) -> int:
    """The number of the newest line of its history."""
    return Event.objects.filter(run=run).order_by("-seq").values_list("seq", flat=True).first() or 0


def mark(run: Run) -> str:
    """How far the run has come: its newest event, its spans, and those of them that have ended."""
    spans = run.spans.aggregate(all=Count("pk"), ended=Count("ended_at"))
    return f"{newest_seq(run)}.{spans['all']}.{spans['ended']}"


def context(run: Run, user: User, *, notice: str = "") -> dict[str, Any]:
    """All that the page's templates need; the mark is read first, so a replay repeats and never loses."""
    seq = mark(run)
    shown = timeline.of(run, user)
    return {
        "run": run,
        "card": _card(run),
        "timeline": shown,
        "rows": shown.rows,
        "checkpoints": shown.rows.checkpoints[-LISTED:],
        "decisions": shown.rows.decisions[-LISTED:],
        "earlier_checkpoints": len(shown.rows.checkpoints[:-LISTED]),
        "earlier_decisions": len(shown.rows.decisions[:-LISTED]),
        "acts": acts(run, user),
        "unknown": [call for call in shown.rows.calls if call.status == ToolCallStatus.UNKNOWN],
        "waits_for": fleet.waits_for(run),
        "tokens": sum(run.usage.get(side) or 0 for side in ("input_tokens", "output_tokens")),
        "seq": seq,
        "notice": notice,
        "section": "runs",
        "live_url": f"/ws/runs/{run.pk}/",
        "poll_url": reverse("reviews:run_delta", args=[run.pk]),
    }


def acts(run: Run, user: User) -> frozenset[str]:
    """What this person can do to the run as it stands."""
    try:
        access.require_operator(user, run)
    except PermissionDenied:
        return frozenset()
    if run.dry_run:
        return frozenset() if run.ended else frozenset({"stop", "resume" if run.hold else "pause"})
    if run.ended:
        return frozenset({"fork", "retry"} if run.status in (RunStatus.FAILED, RunStatus.CANCELLED) else {"fork"})
    return frozenset({"fork", "stop", "resume" if run.hold else "pause"})


def _card(run: Run) -> catalog.AgentCard | None:
    try:
        return catalog.get(run.agent)
    except catalog.UnknownAgent:
        return None
