"""The one door to the Agents SDK: it runs an agent to its next gate or its end; the state it hands out is opaque."""

from agents_runtime.sdk.calls import current_call, idempotency_key
from agents_runtime.sdk.drive import advance
from agents_runtime.sdk.errors import Failure, UngatedTool
from agents_runtime.sdk.gate import Gated, gated
from agents_runtime.sdk.graph import AmbiguousAgents, agents_of, tool_names
from agents_runtime.sdk.human import ask_human
from agents_runtime.sdk.ports import Answer, Begun, Brief, Desk, Finished, Parked, Request, Snapshot
from agents_runtime.sdk.recall import Recall, Recalled
from agents_runtime.sdk.versions import READABLE_SCHEMAS, SCHEMA_VERSION, SDK_VERSION, require_readable

__all__ = [
    "READABLE_SCHEMAS",
    "SCHEMA_VERSION",
    "SDK_VERSION",
    "AmbiguousAgents",
    "Answer",
    "Begun",
    "Brief",
    "Desk",
    "Failure",
    "Finished",
    "Gated",
    "Parked",
    "Recall",
    "Recalled",
    "Request",
    "Snapshot",
    "UngatedTool",
    "advance",
    "agents_of",
    "ask_human",
    "current_call",
    "gated",
    "idempotency_key",
    "require_readable",
    "tool_names",
]
