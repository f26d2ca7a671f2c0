"""The gate around every tool: nothing runs that the ledger has not let begin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from types import MethodType
from typing import Any

from agents import (
    Agent,
    AgentHookContext,
    CodeInterpreterTool,
    FileSearchTool,
    FunctionTool,
    HostedMCPTool,
    ImageGenerationTool,
    ModelResponse,
    RunContextWrapper,
    RunHooks,
    Tool,
    WebSearchTool,
)
from agents.sandbox import SandboxAgent

from agents_runtime.sdk import remote
from agents_runtime.sdk.errors import Failure, UngatedTool
from agents_runtime.sdk.graph import agents_of
from agents_runtime.sdk.passage import passage
from agents_runtime.sdk.wrapped import wrapped

AT_THE_PROVIDER = (WebSearchTool, FileSearchTool, CodeInterpreterTool, ImageGenerationTool)
"""Tools that run inside the model provider and touch nothing of ours."""


@dataclass(frozen=True)
class Gated:
    """An agent whose tools all stop at the gate, the originals by agent and tool name, and what its author let pass."""

    agent: Agent[Any]
    originals: dict[tuple[str, str], FunctionTool]
    ungated: frozenset[str] = frozenset()

    def original(self, agent: str, tool: str) -> FunctionTool | None:
        """The tool as its author wrote it; None for one that runs at the provider."""
        return self.originals.get((agent, tool))


def gated(agent: Agent[Any], ungated: Collection[str] = ()) -> Gated:
    """Put the gate around every tool the agent can reach, in place; an agent that has it already stays as it is.

    Raises UngatedTool for a tool that the SDK cannot stop before it acts, unless its name is in ``ungated``, and for
    two tools of one name: the gate could not tell their calls apart.
    """
    originals: dict[tuple[str, str], FunctionTool] = {}
    for one in agents_of(agent):
        if isinstance(one, SandboxAgent):
            raise UngatedTool(
                f"Agent {one.name!r} is a SandboxAgent, which gets tools while it runs that cannot be stopped."
            )
        _gate_tools(one, originals, ungated)
        if not is_guarded(one):
            _guard_listing(one)
    return Gated(agent, originals, frozenset(ungated))


def is_guarded(agent: Agent[Any]) -> bool:
    """Whether the agent has gone through `gated`."""
    return hasattr(agent.get_all_tools, "is_guarded")


def _gate_tools(agent: Agent[Any], originals: dict[tuple[str, str], FunctionTool], ungated: Collection[str]) -> None:
    _require_distinct(agent, agent.tools)
    tools = [_guarded(agent, tool, originals, ungated) for tool in agent.tools]
    if any(new is not old for new, old in zip(tools, agent.tools, strict=True)):
        agent.tools = tools


def _require_distinct(agent: Agent[Any], tools: Collection[Tool]) -> None:
    names = Counter(tool.name for tool in tools if not isinstance(tool, (HostedMCPTool, *AT_THE_PROVIDER)))
    if twice := [name for name, count in names.items() if count > 1]:
        raise UngatedTool(
            f"Agent {agent.name!r} carries two tools named {twice[0]!r}, so a call of one could pass for a call of the "
            "other. Give each its own name, also across namespaces and MCP servers."
        )


def _guarded(
    agent: Agent[Any], tool: Tool, originals: dict[tuple[str, str], FunctionTool], ungated: Collection[str]
) -> Tool:
    match tool:
        case FunctionTool():
            before: FunctionTool | None = getattr(tool.on_invoke_tool, "original", None)
            originals[agent.name, tool.name] = before or tool
            return tool if before else wrapped(tool)
        case HostedMCPTool(on_approval_request=None) if tool.tool_config.get("require_approval") == "always":
            return tool
        case HostedMCPTool():  # a callback of its own would answer before anybody was asked
            return replace(
                tool, tool_config={**tool.tool_config, "require_approval": "always"}, on_approval_request=None
            )
        case _ if isinstance(tool, AT_THE_PROVIDER) or tool.name in ungated:
            return tool
    raise UngatedTool(
        f"Agent {agent.name!r} carries {tool.name!r} ({type(tool).__name__}), which cannot be stopped before it acts. "
        f"Wrap it in a function tool, or accept it with register(…, ungated=[{tool.name!r}])."
    )


def _guard_listing(agent: Agent[Any]) -> None:
    """Put the gate around what turns up as the agent runs: MCP tools, what hooks add. Shadows a method: private."""
    listing = agent.get_all_tools

    async def get_all_tools(self: Agent[Any], run_context: RunContextWrapper[Any]) -> list[Tool]:
        here = passage.get()
        here.require_owned()  # the last chance before the model is called, and paid for
        try:
            require_gated(self)
            _gate_tools(self, here.originals, here.ungated)  # in place: the SDK goes on with what is in ``tools``
            tools = [_guarded(self, tool, here.originals, here.ungated) for tool in await listing(run_context)]
            _require_distinct(self, tools)
        except UngatedTool as error:
            raise here.failed(Failure("ungated_tool", str(error))) from error
        return tools

    get_all_tools.is_guarded = True  # type: ignore[attr-defined]
    agent.get_all_tools = MethodType(get_all_tools, agent)  # type: ignore[method-assign]


def require_gated(agent: Agent[Any]) -> None:
    """Raises UngatedTool where the agent, or one it can reach by now, was not there when the gate was put up."""
    for one in agents_of(agent):
        if not is_guarded(one):
            raise UngatedTool(
                f"Agent {one.name!r} turned up while the run went on, so nothing stops its tools. "
                "Make it part of the graph that build() returns."
            )


class Doorkeeper(RunHooks[Any]):
    """Lets no agent begin that the gate does not know, whatever a handoff returned; hears what a model answered."""

    async def on_agent_start(self, context: AgentHookContext[Any], agent: Any) -> None:
        try:
            require_gated(agent)
        except UngatedTool as error:
            raise passage.get().failed(Failure("ungated_tool", str(error))) from error

    async def on_llm_end(self, context: RunContextWrapper[Any], agent: Any, response: ModelResponse) -> None:
        await remote.came_back(passage.get(), response.output)
