"""What goes through the door: the brief that goes in, the outcomes that come out, the desk that is asked on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Snapshot:
    """The SDK's state at one moment, as text, with the versions that wrote it and the tokens used so far."""

    text: str
    sdk_version: str
    schema_version: str
    usage: dict[str, int]


@dataclass(frozen=True)
class Request:
    """One tool call at the gate; ``author_asks`` is what the agent's author marked on the tool."""

    call_id: str
    agent: str
    tool: str
    arguments: Any
    schema: dict[str, Any]
    author_asks: bool
    is_agent: bool = False
    is_remote: bool = False


@dataclass(frozen=True)
class Answer:
    """Whether one call may go on; a refused one carries the text that the agent reads, a ``known`` one its output."""

    go: bool
    message: str = ""
    known: bool = False


@dataclass(frozen=True)
class Begun:
    """What the ledger says as a tool is about to run: with which arguments, or that its output is already known."""

    known: bool = False
    output: Any = None
    arguments: Any = None
    edited: bool = False
    key: str = ""


class Desk(Protocol):
    """What the door asks of the worker. Plain calls, made on the worker's own thread."""

    def stop_at_gate(self, snapshot: Snapshot, requests: Sequence[Request]) -> bool:
        """Save the gate; True when the run is parked, False when it may go on."""

    def answers(self, calls: Mapping[str, Mapping[str, Any] | None]) -> Mapping[str, Answer]:
        """What was ruled or decided about those calls; undecided ones are absent.

        Each call comes with the schema its tool has now, where that is known. Raises what must stop a call whose
        arguments no longer fit.
        """

    def begin(self, call_id: str, tool: str) -> Begun:
        """The tool is about to run for that call. Raises what must stop it."""

    def finish(self, call_id: str, output: Any, error: str) -> None:
        """The call came back; the output is JSON."""


@dataclass(frozen=True)
class Brief:
    """All that one advance needs to know besides the agent: where to begin, and what humans said meanwhile.

    ``at_the_gate`` says that the calls which wait in ``state`` are still to be shown to the desk; ``dry``, that nothing
    may run at the model provider either.
    """

    input: str
    trace_id: str
    workflow: str
    max_turns: int
    state: str | None = None
    at_the_gate: bool = False
    dry: bool = False
    notes: tuple[str, ...] = ()
    feedback: str | None = None
    context: dict[str, Any] = field(default_factory=dict)
    stream: bool = False
    trace_data: bool = True


@dataclass(frozen=True)
class Finished:
    """The agent came to its final output, which is JSON; ``agent`` is the one that wrote it, after any handoff."""

    agent: str
    output: Any
    schema: dict[str, Any]
    snapshot: Snapshot


@dataclass(frozen=True)
class Parked:
    """The run waits at a gate; nothing of it is left in memory."""
