"""Trying another verdict: a dry run in which no tool runs, nobody is asked, and the recorded outputs are read again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from reviews import access, audit, catalog
from reviews.actions import forks, verdicts
from reviews.actions.errors import Conflict
from reviews.actions.text import storable
from reviews.actions.verdicts import Said
from reviews.actors import Actor
from reviews.audit import Act
from reviews.models import Decision, Intervention, Run, ToolCall, Trial
from reviews.models.intervention import digest_of
from reviews.states import InterventionStatus, Kind, Ruling, ToolCallStatus

RAN = frozenset({ToolCallStatus.DONE, ToolCallStatus.FAILED})
READ = RAN | {ToolCallStatus.SUPPLIED, ToolCallStatus.REFUSED}
"""What became of a call after which the agent read something in its place."""


@dataclass(frozen=True)
class Replay:
    """What a call comes to in a dry run: an output to read, or a refusal."""

    go: bool
    output: Any


class Records:
    """What the calls of the original run came to, by tool and arguments; of several the newest counts."""

    def __init__(self, original: Run) -> None:
        self._ran: dict[tuple[str, str], Replay] = {}
        self._read: dict[tuple[str, str], Replay] = {}
        for call in original.tool_calls.filter(status__in=READ).order_by("id"):
            replay = Replay(call.status != ToolCallStatus.REFUSED, _told(call))
            self._read[call.tool, digest_of(call.proposed)] = replay
            if call.status in RAN:
                self._ran[call.tool, digest_of(call.executed)] = replay

    def of_run(self, tool: str, arguments: Any) -> Replay | None:
        """What came back when the tool really ran with these arguments."""
        return self._ran.get((tool, digest_of(arguments)))

    def of_proposal(self, tool: str, arguments: Any) -> Replay | None:
        """What the agent read when it proposed this: whatever a person or a rule made of it."""
        return self._read.get((tool, digest_of(arguments))) or self.of_run(tool, arguments)


@transaction.atomic
def try_verdict(
    intervention_id: UUID, *, by: User, verdict: str, note: str = "", context: str = "", replacement: Any = None
) -> Run:
    """Queue a dry run in which that decided question gets this verdict and all else of its gate what it got.

    Nothing of the original changes; the verdict is kept as a trial of ``by``, not as a decision.
    Raises Conflict, Invalid, UnknownAgent, PermissionDenied.
    """
    original, question = _locked(intervention_id)
    access.require_operator(by, original)
    _require_triable(original, question)
    note, context = storable(note).strip(), storable(context).strip()
    said = verdicts.checked(question, Said(verdict, note, "A trial needs no reason.", storable(replacement), context))
    run = forks.branch(original, question.checkpoint, by=by, dry_run=True)
    trial = Trial.objects.create(
        run=run,
        intervention=question,
        verdict=said.verdict,
        tried_by=by,
        note=said.note,
        context=said.context,
        replacement=said.replacement,
        created_at=timezone.now(),
    )
    ToolCall.objects.bulk_create(_gate(original, trial))
    audit.record(Act("run.tried", Actor.of(by), run, data=_account(trial)))
    return run


def said_at_the_start(run: Run) -> list[Decision | Trial]:
    """What the agent of a dry run hears: what people had said at that gate, the tried verdict in the place of one."""
    trial, said = run.trial, list[Decision | Trial]()
    for one in _decisions(trial):
        if one.intervention_id != trial.intervention_id:
            said.append(one)
        elif trial not in said:
            said.append(trial)
    return said


def refusal(tool: str) -> str:
    """What the agent reads in place of a call that nothing is known of."""
    return f"Dry run: nothing was recorded for {tool} with these arguments, so it has no output here."


def _locked(intervention_id: UUID) -> tuple[Run, Intervention]:
    run_id = Intervention.objects.filter(pk=intervention_id).values_list("run_id", flat=True).first()
    if run_id is None:
        raise PermissionDenied(f"There is no item {intervention_id} that you may try.")
    run = Run.objects.locked(run_id)
    return run, Intervention.objects.select_related("checkpoint__run", "tool_call").get(pk=intervention_id)


def _require_triable(run: Run, question: Intervention) -> None:
    if question.status != InterventionStatus.DECIDED:
        raise Conflict(f"Only a decided item can be tried otherwise; this one is {question.status}.")
    if question.kind == Kind.UNKNOWN_OUTCOME:
        raise Conflict("Whether a call happened is a fact that no other verdict changes, so there is nothing to try.")
    if ungated := catalog.get(run.agent).ungated:
        raise Conflict(f"Nothing can stop {ungated[0]} of this agent, so it would run in a dry run too.")


def _gate(original: Run, trial: Trial) -> Iterator[ToolCall]:
    """The calls of the tried gate, each as its verdict makes it; none is left that could run, but agents."""
    checkpoint, records = trial.intervention.checkpoint, Records(original)
    said = {
        one.intervention.tool_call_id: one for one in _decisions(trial) if one.intervention.kind != Kind.UNKNOWN_OUTCOME
    }
    here = Q(checkpoint=checkpoint) | Q(interventions__checkpoint=checkpoint)
    for call in original.tool_calls.filter(here).distinct().order_by("id"):
        spoken = trial if call.pk == trial.intervention.tool_call_id else said.get(call.pk)
        yield _replayed(call, spoken, records, trial.run)


def _replayed(call: ToolCall, spoken: Decision | Trial | None, records: Records, run: Run) -> ToolCall:
    call.pk, call.run, call.checkpoint, call.lease = None, run, None, None
    call.started_at = call.finished_at = call.executed = None
    call.error = ""
    if call.ruling == Ruling.REFUSED:
        return call
    call.status, call.output = ToolCallStatus.APPROVED, None
    if spoken is not None:
        verdicts.settle(call, spoken.intervention.kind, Said(spoken.verdict, spoken.note, "", spoken.replacement))
    elif call.ruling == Ruling.ASKED:
        _settle(call, Replay(False, f"Dry run: nobody had decided about {call.tool}, so it has no output here."))
    if call.status == ToolCallStatus.APPROVED:
        found = records.of_run(call.tool, call.proposed if call.executed is None else call.executed)
        if found or not call.is_agent:
            _settle(call, found or Replay(False, refusal(call.tool)))
    return call


def _settle(call: ToolCall, replay: Replay) -> None:
    call.status = ToolCallStatus.SUPPLIED if replay.go else ToolCallStatus.REFUSED
    call.output, call.finished_at = replay.output, timezone.now()


def _decisions(trial: Trial) -> list[Decision]:
    asked = Decision.objects.deciding().filter(intervention__checkpoint=trial.intervention.checkpoint_id)
    return list(asked.select_related("intervention").order_by("id"))


def _told(call: ToolCall) -> Any:
    return f"The tool failed: {call.error}" if call.error and call.output is None else call.output


def _account(trial: Trial) -> dict[str, Any]:
    question = trial.intervention
    return {
        "trial": True,
        "fork_of": str(question.run_id),
        "checkpoint": question.checkpoint.number,
        "intervention": str(question.pk),
        "decided": question.outcome,
        "verdict": trial.verdict,
        "note": trial.note,
        "context": trial.context,
        "replacement": trial.replacement,
    }
