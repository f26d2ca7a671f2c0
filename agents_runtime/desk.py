"""What the door asks of the worker, answered with the verbs of the domain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from agents_runtime import leaving
from agents_runtime.registry import Entry
from agents_runtime.sdk import Answer, Begun, Request, Snapshot
from reviews.actions import again, gates, policy_defaults, rulebook, tool_calls
from reviews.actions.checkpoints import SavedState, Shelf
from reviews.actions.gates import Proposal
from reviews.actions.rulebook import Outdated, Rulebook
from reviews.models import Run, ToolCall
from reviews.policies import ASK_HUMAN, Case
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
REMOTE_VERDICTS = (Verdict.APPROVE, Verdict.REJECT)
"""A call that runs at the model provider can be let through or not, but neither edited nor answered for."""


def book_with(entry: Entry, book: Rulebook) -> Rulebook:
    """The policies; what the agent's code says becomes one of them where it is met for the first time."""
    if book.knows(entry.slug, entry.rules):
        return book
    policy_defaults.meet(entry.slug, entry.title, entry.rules)
    return rulebook.remember(entry.slug, entry.rules)


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
        book = book_with(self.entry, rulebook.remembered())
        while True:
            proposals = [self._proposal(request, book) for request in requests]
            try:
                return self._park(snapshot, proposals, max_rejections=self.entry.max_rejections, token=book.token)
            except Outdated:  # something has changed since this process looked
                book = book_with(self.entry, rulebook.current())

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

    def _park(self, snapshot: Snapshot, proposals: Sequence[Proposal], **judged: Any) -> bool:
        state, leaves = self.saved(snapshot), leaving.notice.given()
        try:
            return again.anew(lambda: gates.park(self.run, state, proposals, leaving=leaves, **judged))
        except BaseException:
            self._shelf.clear()
            raise

    def _proposal(self, request: Request, book: Rulebook) -> Proposal:
        case = self._case(request)
        said = book.judge(case, agent=self.run.agent, author_asks=request.author_asks)
        shadows = book.shadows(case, said, agent=self.run.agent, author_asks=request.author_asks)
        is_limited = request.is_remote and said.ruling == Ruling.ASKED
        return Proposal(
            call_id=request.call_id,
            agent=request.agent,
            tool=request.tool,
            arguments=request.arguments,
            schema=request.schema,
            judgement=replace(said, verdicts=_at_the_provider(said.verdicts)) if is_limited else said,
            kind=Kind(case.kind),
            idempotent=request.tool in self.entry.idempotent,
            is_agent=request.is_agent,
            author_asks=request.author_asks,
            shadows=shadows,
        )

    def _case(self, request: Request) -> Case:
        return Case(
            tool=request.tool,
            agent=request.agent,
            arguments=request.arguments,
            kind=Kind.QUESTION if request.tool == ASK_HUMAN else Kind.TOOL_APPROVAL,
            run=lambda: rulebook.facts_of(self.run),
            requester=lambda: self._requester,
        )

    @cached_property
    def _requester(self) -> Mapping[str, Any]:
        return rulebook.requester_of(self.run)


def _answer(row: ToolCall) -> Answer:
    return Answer(row.status in GO, str(row.output or row.error or ""), known=row.status in tool_calls.KNOWN)


def _at_the_provider(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """What of a rule's verdicts can be said of a call at the model provider; at least that it must not run."""
    allowed = tuple(verdict for verdict in REMOTE_VERDICTS if verdict in (verdicts or REMOTE_VERDICTS))
    return allowed or (Verdict.REJECT,)
