"""An agent and every agent it can reach, by handoff or as a tool."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from agents import Agent, FunctionTool, Handoff, Tool

from agents_runtime.sdk.errors import Failure, UngatedTool

REFERENCES = frozenset({"agent", "current_agent", "source_agent", "target_agent", "last_agent"})
"""Where saved SDK state names an agent."""
OPAQUE = frozenset(
    {"context", "raw_item", "original_input", "model_responses", "last_model_response", "output", "trace"}
)
"""Where it keeps what models, tools and people said."""


class AmbiguousAgents(Exception):
    """Two agents of one graph share a name, so a saved state could not tell them apart."""


def agents_of(agent: Agent[Any]) -> list[Agent[Any]]:
    """The agent and all it reaches, each once, in the order found. Raises AmbiguousAgents, UngatedTool."""
    found: list[Agent[Any]] = []
    waiting = [agent]
    while waiting:
        current = waiting.pop(0)
        if any(current is known for known in found):
            continue
        found.append(current)
        waiting += [_target(current, handoff) for handoff in current.handoffs]
        waiting += [inner for tool in current.tools if (inner := inner_agent(tool)) is not None]
    twice = [name for name, count in Counter(one.name for one in found).items() if count > 1]
    if twice:
        raise AmbiguousAgents(f"Agents reachable from {agent.name!r} share the name {twice[0]!r}; give each its own.")
    return found


def require_known(saved: Any, agent: Agent[Any]) -> None:
    """Raises Failure where a saved state names an agent that the graph no longer has.

    The SDK itself looks only for the one whose turn it is, and drops without a word what the others had said.
    """
    known = {one.name for one in agents_of(agent)}
    if missing := sorted(set(_named(saved)) - known):
        raise Failure(
            "agent_changed",
            f"The agent has changed since the checkpoint was saved: {missing[0]!r} took part in the run, and now there "
            f"are only {', '.join(map(repr, sorted(known)))}. Deploy the code that knows it to finish the run, or "
            "retry it from the start.",
        )


def tool_names(agent: Agent[Any]) -> tuple[str, ...]:
    """The names of all tools in the graph, sorted."""
    return tuple(sorted({tool.name for one in agents_of(agent) for tool in one.tools}))


def inner_agent(tool: Tool) -> Agent[Any] | None:
    """The agent behind an agent-as-tool; the SDK keeps it in a private field."""
    inner = getattr(tool, "_agent_instance", None) if isinstance(tool, FunctionTool) else None
    return inner if isinstance(inner, Agent) else None


def _named(saved: Any) -> Iterator[str]:
    """The agents that a saved state refers to, its nested states included."""
    if isinstance(saved, list):
        for item in saved:
            yield from _named(item)
    if isinstance(saved, dict):
        for key, value in saved.items():
            if key in REFERENCES and isinstance(value, dict):
                yield str(value.get("name"))
            elif key not in OPAQUE:
                yield from _named(value)


def _target(agent: Agent[Any], handoff: Agent[Any] | Handoff[Any, Any]) -> Agent[Any]:
    if isinstance(handoff, Agent):
        return handoff
    reference = getattr(handoff, "_agent_ref", None)  # private: the SDK resolves handoffs by name only
    target = reference() if reference is not None else None
    if not isinstance(target, Agent):
        raise UngatedTool(
            f"The handoff {handoff.tool_name!r} of agent {agent.name!r} does not say which agent takes over, so "
            "nothing would stop its tools. Make it with handoff(agent) instead of Handoff(on_invoke_handoff=…)."
        )
    return target
