"""What the door asks of the worker, answered with the verbs of the domain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from agents_runtime import leaving
from agents_runtime.registry import Entry
from agents_runtime.sdk import Answer, Begun, Request, Snapshot
from agents_runtime.sdk.human import NAME as ASK_HUMAN
from reviews import policies
from reviews.actions import gates, tool_calls
from reviews.actions.checkpoints import SavedState, Shelf
from reviews.actions.gates import Proposal
from reviews.models import Run, ToolCall
from reviews.policies import Judgement
from reviews.states import Kind, Ruling, ToolCallStatus, Verdict

GO = frozenset(
    {
        ToolCallStatus.APPROVED,
        ToolCallStatus.STARTED,
        ToolCallStatus.DONE,
        ToolCallStatus.FAILED,
        ToolCallStatus.SUPPLIED,
    }
)
QUESTION = Judgement(Ruling.ASKED, "The agent asks a person and waits for the answer.", "A question from the agent")
REMOTE_VERDICTS = (Verdict.APPROVE, Verdict.REJECT)
"""A call that runs at the model provider can be let through or not, but neither edited nor answered for."""


class RunDesk:
    """The desk of one leased run; every method is one short transaction."""

    def __init__(
        self, run: Run, entry: Entry, model: str, shelf: Shelf | None = None, decided: Iterable[ToolCall] = ()
    ) -> None:
        self.run = run
        self.entry = entry
        self.model = model
        self._shelf = shelf or Shelf()
        self._decided = {call.call_id: call for call in decided}
        self._begun: dict[str, ToolCall] = {}

    def stop_at_gate(self, snapshot: Snapshot, requests: Sequence[Request]) -> bool:
        """Judge each call, save the gate; True when somebody must be asked, the run is held, or this worker stops."""
        proposals = [self._proposal(request) for request in requests]
        return self._park(snapshot, proposals, max_rejections=self.entry.max_rejections)

    def answers(self, calls: Mapping[str, Mapping[str, Any] | None]) -> Mapping[str, Answer]:
        """What the ledger says about the calls; a proposed one has no answer yet. Raises ToolChanged."""
        rows = [self._decided.pop(call_id) for call_id in list(calls) if call_id in self._decided]
        if missing := calls.keys() - {row.call_id for row in rows}:
            rows += self.run.tool_calls.filter(call_id__in=missing)
        ruled = [row for row in rows if row.status in GO or row.status == ToolCallStatus.REFUSED]
        for row in ruled:
            if (schema := calls[row.call_id]) is not None:
                tool_calls.require_fitting(row, schema)
        return {row.call_id: _answer(row) for row in ruled}

    def begin(self, call_id: str, tool: str) -> Begun:
        """Mark the call as started, or hand back the output it already has; never for the call of another tool."""
        call = tool_calls.begin(self.run, call_id, tool)
        if call.status != ToolCallStatus.STARTED:
            silent = call.status == ToolCallStatus.FAILED and call.output is None  # it raised, and then the worker died
            return Begun(known=True, output=f"The tool failed: {call.error}" if silent else call.output)
        self._begun[call_id] = call
        edited = call.executed != call.proposed
        return Begun(arguments=call.executed, edited=edited, key=call.idempotency_key)

    def finish(self, call_id: str, output: object, error: str) -> None:
        """Write what came back."""
        tool_calls.finish(self.run, call_id, output, error=error, begun=self._begun.pop(call_id, None))

    def saved(self, snapshot: Snapshot) -> SavedState:
        """The snapshot as the domain keeps it."""
        return SavedState(
            snapshot.text,
            snapshot.sdk_version,
            snapshot.schema_version,
            usage=snapshot.usage,
            model=self.model,
            agent_version=self.entry.version,
            shelf=self._shelf,
        )

    def _park(self, snapshot: Snapshot, proposals: Sequence[Proposal], *, max_rejections: int | None = None) -> bool:
        state, leaves = self.saved(snapshot), leaving.notice.given()
        try:
            return gates.park(self.run, state, proposals, max_rejections=max_rejections, leaving=leaves)
        except BaseException:
            self._shelf.clear()
            raise

    def _proposal(self, request: Request) -> Proposal:
        return Proposal(
            call_id=request.call_id,
            agent=request.agent,
            tool=request.tool,
            arguments=request.arguments,
            schema=request.schema,
            judgement=self._judgement(request),
            kind=Kind.QUESTION if request.tool == ASK_HUMAN else Kind.TOOL_APPROVAL,
            idempotent=request.tool in self.entry.idempotent,
            is_agent=request.is_agent,
        )

    def _judgement(self, request: Request) -> Judgement:
        rules = self.entry.rules
        if request.tool == ASK_HUMAN:  # a question is always asked; a rule may only say how
            rules = tuple(rule for rule in rules if rule.tool == ASK_HUMAN and rule.ruling == Ruling.ASKED)
        judgement = policies.judge(
            rules,
            tool=request.tool,
            agent=request.agent,
            arguments=request.arguments,
            author_asks=request.author_asks,
        )
        if request.tool == ASK_HUMAN and judgement in (policies.MARKED, policies.PASSES):
            return QUESTION
        if request.is_remote and judgement.ruling == Ruling.ASKED:
            return replace(judgement, verdicts=REMOTE_VERDICTS)
        return judgement


def _answer(row: ToolCall) -> Answer:
    return Answer(row.status in GO, str(row.output or row.error or ""), known=row.status in tool_calls.KNOWN)
