"""What a worker does to its run at a gate: park, complete, ask, fail. Each demands the worker's lease."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Case, Exists, OuterRef, Q, Value, When
from django.utils import timezone

from reviews import audit
from reviews.actions import (
    always_asked,
    attempts,
    checkpoints,
    notices,
    repeats,
    rulebook,
    runs,
    shadows,
    timers,
    voters,
)
from reviews.actions.checkpoints import SavedState
from reviews.actions.circumstances import Circumstances
from reviews.actions.errors import LeaseLost
from reviews.actions.leases import handed_back, owned
from reviews.actions.repeats import Same
from reviews.actions.rulebook import Shadow
from reviews.actions.text import storable
from reviews.actions.trials import Replay
from reviews.actors import POLICY, SYSTEM, WORKER
from reviews.audit import Act
from reviews.models import Change, Checkpoint, Intervention, New, Run, ToolCall
from reviews.models.intervention import digest_of
from reviews.models.writes import Write
from reviews.policies import Judgement
from reviews.states import UNFINISHED, InterventionStatus, Kind, Ruling, RunStatus, ToolCallStatus


class ReusedCallId(Exception):
    """The model asked for two different calls under one id; which one a person approved can no longer be told."""


@dataclass(frozen=True)
class Proposal:
    """One call the model asked for, and what the rules said of it; in a dry run, what it comes to without running."""

    call_id: str
    agent: str
    tool: str
    arguments: Any
    schema: dict[str, Any]
    judgement: Judgement
    kind: Kind = Kind.TOOL_APPROVAL
    idempotent: bool = False
    is_agent: bool = False
    replay: Replay | None = None
    author_asks: bool = False
    shadows: tuple[Shadow, ...] = ()

    @property
    def same(self) -> Same:
        """What it shares with a proposal that asks for the same."""
        return self.agent, self.tool, digest_of(self.arguments)


@dataclass(frozen=True)
class Gate:
    """What one stop at the gate comes to: the rows it adds, the acts that tell of them, and who is asked for what."""

    around: Circumstances
    checkpoint: Checkpoint
    rows: list[Write]
    acts: list[Act]
    rejected: Mapping[Same, int]
    asked: bool = False
    spent: Same | None = None
    questions: list[Intervention] = field(default_factory=list)


def park(
    run: Run,
    state: SavedState,
    proposals: Sequence[Proposal],
    *,
    max_rejections: int | None = None,
    leaving: bool = False,
    token: UUID | None = None,
) -> bool:
    """Save the gate; True when the run now waits for humans, is held or has ended, False when the worker may go on.

    A proposal that was rejected ``max_rejections`` times (else the setting's) in this run ends it: nobody is asked.
    A worker that is ``leaving`` goes on with nothing: it hands the run to another. ``token`` is that of the policies by
    which the calls were judged. Raises LeaseLost, ReusedCallId, Outdated.
    """
    around = Circumstances(run, [proposal.judgement for proposal in proposals], recall=token is not None)
    gate = _gate(around, state, [_clean(proposal) for proposal in proposals], max_rejections)
    if gate.spent or leaving or checkpoints.replaces(state):
        return _park_locked(run, state, gate, leaving, token)
    return _park(run, state, gate, token)


def _park(run: Run, state: SavedState, gate: Gate, token: UUID | None) -> bool:
    """The whole gate in one statement, which demands the lease, locks the run first and tells whether it is held."""
    waits = {"status": RunStatus.AWAITING_REVIEW, "lease": None, "lease_expires_at": None}
    change = Change(
        Run.objects.owned(run.pk, run.lease).filter(rulebook.hold(token), gate.around.hold()),
        {"losses": 0, **_progress(state), **(waits if gate.asked else _held_or_as_before())},
        case=Q(status=RunStatus.PAUSED),
    )
    told = {True: [*gate.acts, Act("run.paused", WORKER, run)], False: gate.acts}
    parked = audit.record_change(change, told, gate.rows)
    if parked is None:
        rulebook.require_holding(token)
        gate.around.require_holding()
        raise LeaseLost(f"Run {run.pk} no longer belongs to this worker.")
    checkpoints.shelve(gate.checkpoint, state)
    return gate.asked or parked.status == RunStatus.PAUSED


@transaction.atomic
def _park_locked(run: Run, state: SavedState, gate: Gate, leaving: bool, token: UUID | None) -> bool:
    """The same in more statements, where something else goes with it: a checkpoint, the run itself, this worker."""
    run = owned(run)
    checkpoints.drop_replaced(state, by=gate.checkpoint)
    if gate.spent:
        rulebook.require_holding(token)
        for new in gate.rows:
            new.make()
        audit.record(*gate.acts, *_give_up(run, state, gate.spent, gate.rejected[gate.spent]))
        return True
    parks = _park(run, state, gate, token)
    if leaving and not parks:
        audit.record(*handed_back(owned(run)))
    return parks or leaving


def _gate(around: Circumstances, state: SavedState, proposals: Sequence[Proposal], max_rejections: int | None) -> Gate:
    run = around.run
    checkpoint = checkpoints.following(run, state, asked=False)
    known: dict[str, ToolCall] = {}
    if checkpoint.number > 1:  # before the first gate no call has stood at any
        known = {call.call_id: call for call in run.tool_calls.filter(call_id__in=[p.call_id for p in proposals])}
    asked = [proposal.same for proposal in proposals if _needs_human(proposal, known.get(proposal.call_id))]
    rejected = repeats.counted(run, asked)
    spent = repeats.spent(rejected, asked, max_rejections)
    checkpoint.asked = bool(asked and not spent)
    saved = Act("run.checkpoint_saved", WORKER, run, data=_marked(run, _stop(checkpoint, proposals)))
    gate = Gate(around, checkpoint, [New(checkpoint)], [saved], rejected, bool(asked), spent)
    for proposal in proposals:
        earlier = known.get(proposal.call_id)
        call = known[proposal.call_id] = _enter(run, checkpoint, proposal, earlier)
        if earlier is None:
            gate.rows.extend((New(call), *shadows.rulings(call, proposal.shadows)))
        if not spent and (earlier is None or _unasked(earlier)):
            _ask(gate, proposal, call)
    gate.rows.extend(notices.opened(gate.questions, around))
    return gate


def _held_or_as_before() -> dict[str, Any]:
    """A run that a person paused meanwhile is let go of; any other one stays with its worker."""
    return {
        "status": Case(When(hold=True, then=Value(RunStatus.PAUSED)), default="status"),
        "lease": Case(When(hold=True, then=None), default="lease"),
        "lease_expires_at": Case(When(hold=True, then=None), default="lease_expires_at"),
    }


@transaction.atomic
def ask_release(
    run: Run,
    state: SavedState,
    output: Any,
    schema: dict[str, Any],
    *,
    agent: str | None = None,
    max_rejections: int | None = None,
) -> Intervention | None:
    """Hold a finished run's output until a reviewer releases it; None where the run ended instead. Raises LeaseLost.

    ``agent`` is the name of the agent that wrote it, where that is not the run's slug. The same output sent back
    ``max_rejections`` times ends the run, as in `park`.
    """
    run = owned(run)
    judgement = always_asked.release(run, agent or run.agent, output)
    proposal = _clean(Proposal("", agent or run.agent, "", {"output": output}, schema, judgement, Kind.FINAL_OUTPUT))
    rejected = repeats.counted(run, [proposal.same])
    spent = repeats.spent(rejected, [proposal.same], max_rejections)
    if spent:  # nothing can go on from here, so no checkpoint is left behind
        audit.record(*_give_up(run, state, spent, rejected[spent]))
        return None
    checkpoint = checkpoints.save(run, state, asked=True)
    around = Circumstances(run, [judgement])
    intervention, rows, acts = _question(around, checkpoint, proposal, None, rejected)
    run.move_to(RunStatus.AWAITING_REVIEW, lease=None, lease_expires_at=None, losses=0, **_progress(state))
    saved = Act("run.checkpoint_saved", WORKER, run, data=_stop(checkpoint, []))
    audit.record(saved, *acts, writes=[*rows, *notices.opened([intervention], around)])
    return intervention


@transaction.atomic
def ask_outcome(run: Run, calls: Sequence[ToolCall]) -> None:
    """Ask what became of calls that a dead worker had started. Raises LeaseLost, ValueError when there are none."""
    run = owned(run)
    started = list(run.tool_calls.filter(pk__in=[call.pk for call in calls], status=ToolCallStatus.STARTED))
    if not started:
        raise ValueError("None of these calls has started, so there is no outcome to ask about.")
    checkpoint = run.checkpoints.order_by("-number")[0]
    Checkpoint.objects.filter(pk=checkpoint.pk).update(asked=True)  # a question hangs on it now, so it is kept
    earlier = [always_asked.earlier_question(call) for call in started]
    accounts = [attempts.account(run, call) for call in started]
    judgements = [
        always_asked.outcome(run, call, before, worker=account["worker"])
        for call, before, account in zip(started, earlier, accounts, strict=True)
    ]
    around = Circumstances(run, judgements)
    asked, writes, acts = list[Intervention](), list[Write](), list[Act]()
    for call, before, account, judgement in zip(started, earlier, accounts, judgements, strict=True):
        ToolCall.objects.filter(pk=call.pk).update(status=ToolCallStatus.UNKNOWN)
        arguments = call.proposed if call.executed is None else call.executed
        proposal = Proposal(
            call.call_id, call.agent, call.tool, arguments, call.schema, judgement, Kind.UNKNOWN_OUTCOME
        )
        intervention, rows, its = _question(around, checkpoint, _clean(proposal), call, {})
        asked.append(intervention)
        writes += [*rows, *always_asked.take_over(intervention, before)]
        acts += [Act("tool_call.unknown", SYSTEM, run, intervention, account), *its]
    # the workers that died before somebody answered say nothing of those that come after
    run.move_to(RunStatus.AWAITING_REVIEW, lease=None, lease_expires_at=None, losses=0)
    audit.record(*acts, writes=[*writes, *notices.opened(asked, around)])


def complete(run: Run, output: Any, *, usage: dict[str, int], model: str = "") -> None:
    """End a run with its result. Raises LeaseLost."""
    result: dict[str, Any] = {"result": storable(output)}
    if usage:
        result["usage"] = usage
    if model:
        result["model"] = model[:100]
    act = Act("run.completed", WORKER, run, data=_marked(run, {"result": result["result"]}))
    left = [Intervention.objects.open(), ToolCall.objects.filter(status__in=UNFINISHED)]
    tidy = Run.objects.owned(run.pk, run.lease).filter(*(~Exists(rows.filter(run=OuterRef("pk"))) for rows in left))
    if (
        audit.record_change(Change(tidy, {"status": RunStatus.COMPLETED, **runs.ended(timezone.now(), result)}), [act])
        is None
    ):
        _complete_and_close(run, result, act)


@transaction.atomic
def _complete_and_close(run: Run, result: dict[str, Any], act: Act) -> None:
    """The long way, for a run that leaves something open. Raises LeaseLost."""
    audit.record(*runs.end(owned(run), RunStatus.COMPLETED, **result), act)


@transaction.atomic
def fail(run: Run, code: str, error: str) -> None:
    """End a run that cannot go on, saying why. Raises LeaseLost."""
    run, error = owned(run), storable(error)
    acts = runs.end(run, RunStatus.FAILED, error_code=code, error=error)
    audit.record(*acts, Act("run.failed", WORKER, run, data=_marked(run, {"code": code, "error": error})))


def _give_up(run: Run, state: SavedState, same: Same, count: int) -> list[Act]:
    """End a run whose agent asks for ever; the calls of this gate are withdrawn with it."""
    error = repeats.verdict_on(run, same, count)
    acts = runs.end(run, RunStatus.FAILED, error_code=repeats.CODE, error=error, **_progress(state))
    agent, tool, digest = same
    data = {"code": repeats.CODE, "error": error, "agent": agent, "tool": tool, "digest": digest, "rejections": count}
    return [*acts, Act("run.failed", POLICY, run, data=data)]


def _clean(proposal: Proposal) -> Proposal:
    arguments = {} if proposal.arguments is None else storable(proposal.arguments)
    said = {name: storable(getattr(proposal.judgement, name)) for name in ("why", "name", "title", "rule", "seen")}
    judgement = replace(proposal.judgement, **said)  # its words quote the arguments
    return replace(proposal, arguments=arguments, schema=storable(proposal.schema), judgement=judgement)


def _needs_human(proposal: Proposal, known: ToolCall | None) -> bool:
    if known is not None:  # the gate judged it before: what the ledger says of it stands
        return known.status == ToolCallStatus.PROPOSED
    return proposal.judgement.ruling == Ruling.ASKED


def _unasked(call: ToolCall) -> bool:
    stored = call.pk is not None  # or it stands twice at this same gate
    return stored and call.status == ToolCallStatus.PROPOSED and not call.interventions.open().exists()


def _enter(run: Run, checkpoint: Checkpoint, proposal: Proposal, known: ToolCall | None) -> ToolCall:
    if known is not None:
        if (known.tool, known.agent, known.proposed) != (proposal.tool, proposal.agent, proposal.arguments):
            raise ReusedCallId(f"The model used one call id, {known.call_id!r}, for {known.tool} and {proposal.tool}.")
        return known
    ruling, why = proposal.judgement.ruling, proposal.judgement.why
    status, output = {
        Ruling.LET_THROUGH: (ToolCallStatus.APPROVED, None),
        Ruling.ASKED: (ToolCallStatus.PROPOSED, None),
        Ruling.REFUSED: (ToolCallStatus.REFUSED, f"Refused by policy “{proposal.judgement.name}”: {why}"),
    }[ruling]
    if proposal.replay is not None:
        status = ToolCallStatus.SUPPLIED if proposal.replay.go else ToolCallStatus.REFUSED
        output = proposal.replay.output
    return ToolCall(
        run=run,
        checkpoint=checkpoint,
        call_id=proposal.call_id,
        agent=proposal.agent,
        tool=proposal.tool,
        proposed=proposal.arguments,
        schema=proposal.schema,
        ruling=ruling,
        why=why,
        status=status,
        output=output,
        idempotent=proposal.idempotent,
        is_agent=proposal.is_agent,
        author_asks=proposal.author_asks,
        created_at=timezone.now(),
    )


def _ask(gate: Gate, proposal: Proposal, call: ToolCall) -> None:
    if call.ruling == Ruling.REFUSED:
        data = {"call_id": call.call_id, "tool": call.tool, "arguments": call.proposed, "why": call.why}
        gate.acts.append(Act("tool_call.refused", POLICY, gate.around.run, data=data))
    if call.ruling == Ruling.ASKED:
        intervention, rows, acts = _question(gate.around, gate.checkpoint, proposal, call, gate.rejected)
        gate.questions.append(intervention)
        gate.rows.extend(rows)
        gate.acts.extend(acts)


def _question(
    around: Circumstances,
    checkpoint: Checkpoint,
    proposal: Proposal,
    call: ToolCall | None,
    rejected: Mapping[Same, int],
) -> tuple[Intervention, list[Write], list[Act]]:
    """The question; what the caller is to store, itself first; and the acts that tell of it."""
    run, now, judgement = around.run, timezone.now(), proposal.judgement
    if run.dry_run:
        raise ValueError("A dry run asks nobody.")
    intervention = Intervention(
        run=run,
        checkpoint=checkpoint,
        tool_call=call,
        kind=proposal.kind,
        title=(judgement.title or _title(proposal))[:200],
        agent=proposal.agent,
        tool=proposal.tool,
        proposal=proposal.arguments,
        schema=proposal.schema,
        digest=digest_of(proposal.arguments),
        policy=judgement.snapshot() | voters.frozen_owners(run.agent, judgement.not_by),
        why=judgement.why,
        queue_id=around.queue_for(judgement),
        risk=judgement.risk,
        rejections=rejected.get(proposal.same, 0),
        status=InterventionStatus.PENDING,
        created_at=now,
    )
    moments, replaced = timers.scheduled(intervention, now, around)
    data = {"kind": proposal.kind, "title": intervention.title, "proposal": proposal.arguments, "why": judgement.why}
    if intervention.rejections:
        data["rejected_before"] = intervention.rejections
    opened = Act("intervention.opened", POLICY, run, intervention, data)
    return intervention, [New(intervention), moments], [opened, *replaced]


def _title(proposal: Proposal) -> str:
    if proposal.kind == Kind.QUESTION and isinstance(proposal.arguments, dict):
        return str(proposal.arguments.get("question", "A question from the agent"))
    if proposal.kind == Kind.FINAL_OUTPUT:
        return f"Release the output of {proposal.agent}"
    return proposal.tool.replace("_", " ").capitalize()


def _progress(state: SavedState) -> dict[str, Any]:
    return {"usage": state.usage, "model": state.model[:100]}


def _marked(run: Run, data: dict[str, Any]) -> dict[str, Any]:
    """So that nobody takes a line of the book about a dry run for something that happened."""
    return data | ({"dry_run": True} if run.dry_run else {})


def _stop(checkpoint: Checkpoint, proposals: Sequence[Proposal]) -> dict[str, Any]:
    calls = [
        {"call_id": p.call_id, "tool": p.tool, "ruling": p.judgement.ruling, "arguments": p.arguments}
        for p in proposals
    ]
    return {"number": checkpoint.number, "digest": checkpoint.digest, "calls": calls}
