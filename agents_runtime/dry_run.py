"""The desk of a dry run: the one place that decides what happens there, and that is never a tool."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agents_runtime.desk import RunDesk
from agents_runtime.registry import Entry
from agents_runtime.sdk import Begun, Request, Snapshot
from reviews.actions import trials
from reviews.actions.checkpoints import Shelf
from reviews.actions.gates import Proposal
from reviews.actions.tool_calls import NotApproved
from reviews.actions.trials import Replay
from reviews.models import Run, ToolCall
from reviews.policies import Judgement
from reviews.states import Ruling, ToolCallStatus

AT_THE_PROVIDER = Replay(False, "Dry run: this call would run at the model provider, so it is refused.")

RECORDED = Judgement(Ruling.LET_THROUGH, "Dry run: the agent reads what the original run recorded.")
ENTERED = Judgement(Ruling.LET_THROUGH, "Dry run: the inner agent is entered; its tools do not run.")
REFUSED = Judgement(Ruling.REFUSED, "Dry run: the agent reads a refusal.", "Dry run")


class DryRunDesk(RunDesk):
    """Answers from what the original run recorded. Asks nobody, and lets no tool begin."""

    def __init__(
        self, run: Run, entry: Entry, model: str, shelf: Shelf | None = None, decided: Iterable[ToolCall] = ()
    ) -> None:
        super().__init__(run, entry, model, shelf)  # what was decided is told of the original's calls, not of these
        assert run.fork_of is not None  # a dry run is a fork
        self.records = trials.Records(run.fork_of)

    def stop_at_gate(self, snapshot: Snapshot, requests: Sequence[Request]) -> bool:
        """Give every call its recorded output or a refusal; True only when the run is held, or this worker stops."""
        replayed = [self._replayed(request) for request in requests]
        return self._park(snapshot, replayed)

    def begin(self, call_id: str, tool: str) -> Begun:
        """The recorded output. An agent is entered, since its own calls stop here too. Raises NotApproved."""
        could_run = self.run.tool_calls.filter(call_id=call_id, is_agent=False).exclude(status=ToolCallStatus.SUPPLIED)
        if could_run.exists():
            raise NotApproved(f"This is a dry run, so {tool} ({call_id}) does not run.")
        return super().begin(call_id, tool)

    def _replayed(self, request: Request) -> Proposal:
        replay = AT_THE_PROVIDER if request.is_remote else self.records.of_proposal(request.tool, request.arguments)
        if replay is None and not request.is_agent:
            replay = Replay(False, trials.refusal(request.tool))
        return Proposal(
            call_id=request.call_id,
            agent=request.agent,
            tool=request.tool,
            arguments=request.arguments,
            schema=request.schema,
            judgement=ENTERED if replay is None else RECORDED if replay.go else REFUSED,
            is_agent=request.is_agent,
            replay=replay,
        )
