"""A run, step by step: assembled from its rows with a fixed number of queries."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.utils import timezone

from reviews import access
from reviews.actions.attempts import UNKNOWN
from reviews.actors import name_of, names_of
from reviews.models import Checkpoint, Decision, Event, Intervention, Run, ToolCall
from reviews.states import Kind, Outcome, ToolCallStatus
from reviews.web import spans, steps
from reviews.web.steps import Step
from reviews.web.waterfall import Axis

MOST = 200
"""Steps shown of a run, the newest."""


@dataclass(frozen=True)
class Rows:
    """All that a run's page is made of."""

    run: Run
    spans: list[spans.Traced]
    calls: list[ToolCall]
    interventions: list[Intervention]
    decisions: list[Decision]
    secret: list[Decision]
    """Votes of which this reader may know that they were cast, and no more."""
    checkpoints: list[Checkpoint]
    notes: list[Event]
    retries: list[Run]
    retry_of: Run | None
    forks: list[Run]
    fork_of: Run | None
    """The runs it came from and led to, where this reader may see them."""
    names: dict[str, str]
    """What the desk calls the people in the notes."""
    queues: frozenset[int]
    """The queues whose questions this reader may open."""


@dataclass(frozen=True)
class Timeline:
    """The steps in order, the length of the axis in seconds, and the rows for the facts beside it."""

    steps: list[Step]
    length: float
    rows: Rows
    model_calls: int
    """How often a model was asked, also before the steps that are shown."""


def of(run: Run, user: User) -> Timeline:
    """The timeline of a run as one reader may see it; nine queries, however long the run."""
    return build(load(run, user), timezone.now())


def load(run: Run, user: User) -> Rows:
    """Read the rows; heavy columns stay in the database."""
    asked = run.interventions.defer("schema", "policy").select_related("claimed_by").order_by("created_at", "id")
    interventions = {question.pk: question for question in asked}
    notes = list(run.events.filter(kind__in=steps.NOTES).order_by("seq"))
    hidden = access.blind(user, interventions.values())
    notes = [access.masked(note, hidden, user) for note in notes]
    decisions = list(Decision.objects.filter(intervention__run=run).select_related("decided_by").order_by("id"))
    for decision in decisions:
        decision.intervention = interventions[decision.intervention_id]
    secret = [one for one in decisions if one.intervention_id in hidden and one.decided_by_id != user.pk]
    born_of = Q(retry_of=run) | Q(fork_of=run) | Q(pk__in=[run.retry_of_id, run.fork_of_id])
    kin = access.visible_runs(user).filter(born_of).order_by("created_at")
    related = list(kin.only("agent", "status", "retry_of", "fork_of", "forked_at", "dry_run", "created_at"))
    return Rows(
        run=run,
        spans=spans.of(run),
        calls=list(_own_calls(run)),
        interventions=list(interventions.values()),
        decisions=[one for one in decisions if one not in secret],
        secret=secret,
        checkpoints=list(run.checkpoints.defer("state").order_by("number")),
        notes=notes,
        names=names_of(name for note in notes for name in steps.named_in(note)),
        retries=[other for other in related if other.retry_of_id == run.pk],
        retry_of=next((other for other in related if other.pk == run.retry_of_id), None),
        forks=[other for other in related if other.fork_of_id == run.pk],
        fork_of=next((other for other in related if other.pk == run.fork_of_id), None),
        queues=frozenset(access.visible_queues(user).values_list("pk", flat=True)),
    )


def _own_calls(run: Run) -> QuerySet[ToolCall]:
    """What was called in this run; what a fork only remembers is shown where it happened."""
    moments = ("created_at", "started_at", "finished_at")
    own = [Q(**{f"{moment}__gte": run.created_at}) for moment in moments]
    return run.tool_calls.filter(own[0] | own[1] | own[2]).defer("schema")


def build(rows: Rows, now: datetime) -> Timeline:
    """Put the rows in order and on one axis."""
    end = rows.run.finished_at or now
    found = sorted(_steps(rows, now), key=lambda step: step.at)
    ending = steps.ending(rows.run, now)
    hidden = found[:-MOST]
    earlier = [steps.earlier(hidden)] if hidden else []
    begun = [steps.request(rows.run), *([steps.fork(rows.run)] if rows.fork_of else [])]
    in_time, late = _by_the_end(found[-MOST:])
    ordered = [*begun, *earlier, *in_time, *([ending] if ending else []), *late]
    work = [(s.at, s.ended) for s in ordered if s.ended and s.bar in ("model", "tool", "bad")]
    axis = Axis.over(rows.run.created_at, end, work)
    return Timeline(
        [_placed(step, axis) for step in ordered], axis.length, rows, sum(step.kind == "model" for step in found)
    )


def _steps(rows: Rows, now: datetime) -> Iterator[Step]:
    nesting = spans.Nesting(rows.spans)
    waiting = {question.tool_call_id for question in rows.interventions}
    written = _written(rows.decisions)
    for span in rows.spans:
        if step := spans.step(span, nesting, rows.run.finished_at or now):
            yield step
    for call in rows.calls:
        unsettled = call.status in (ToolCallStatus.PROPOSED, ToolCallStatus.APPROVED)
        if not (unsettled and call.pk in waiting):  # its question shows it until it runs
            yield steps.tool_call(call, nesting.depth_of_agent(call.agent), now, written.get(call.pk, ""))
    for question in rows.interventions:
        yield steps.question(question, opens=question.queue_id in rows.queues, now=now)
    for decision in rows.decisions:
        yield steps.decision(decision, decision.intervention)
    yield from map(steps.secret_vote, rows.secret)
    yield from map(steps.checkpoint, rows.checkpoints)
    begun = {(call.call_id, call.started_at.isoformat()) for call in rows.calls if call.started_at}
    for note in rows.notes:
        if not _is_shown_by_its_call(note, begun):
            yield steps.note(note, rows.names)


def _is_shown_by_its_call(note: Event, begun: Collection[tuple[str, str]]) -> bool:
    """Whether it tells of an attempt that the call's own step shows, since no other came after it."""
    attempt = note.data.get("call_id"), note.data.get("started_at")
    return note.kind == UNKNOWN and note.intervention_id is not None and attempt in begun


def _written(decisions: list[Decision]) -> dict[int | None, str]:
    """Who took a call as done and wrote what came back, by the call: the first of the votes that settled it."""
    asked = [one for one in decisions if one.intervention.kind == Kind.UNKNOWN_OUTCOME]
    taken = [one for one in asked if one.intervention.outcome == Outcome.OVERRIDDEN == one.outcome]
    last_round = [one for one in taken if one.round == one.intervention.round]
    return {one.intervention.tool_call_id: name_of(one.decided_by) for one in reversed(last_round)}


def _by_the_end(found: list[Step]) -> tuple[list[Step], list[Step]]:
    """The steps up to the run's end, and those known to come after it; clocks differ, so their times do not say."""
    late = {step.id for step in found if step.kind == "note" and step.row and step.row.kind == steps.LATE}
    return [step for step in found if step.id not in late], [step for step in found if step.id in late]


def _placed(step: Step, axis: Axis) -> Step:
    if not (step.bar and step.ended):
        return step
    start = axis.at(step.at)
    return replace(step, offset=start, length=axis.at(step.ended) - start)
