"""The gate around every tool: nothing runs that the ledger has not let begin."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from types import MethodType
from typing import Any

from agents import (
    Agent,
    CodeInterpreterTool,
    FileSearchTool,
    FunctionTool,
    HostedMCPTool,
    ImageGenerationTool,
    RunContextWrapper,
    Tool,
    WebSearchTool,
)
from agents.run_config import ToolErrorFormatterArgs
from agents.tool_context import ToolContext
from asgiref.sync import sync_to_async

from agents_runtime.sdk import outputs
from agents_runtime.sdk.calls import current_call
from agents_runtime.sdk.errors import UngatedTool
from agents_runtime.sdk.graph import agents_of, inner_agent
from agents_runtime.sdk.ports import Desk

AT_THE_PROVIDER = (WebSearchTool, FileSearchTool, CodeInterpreterTool, ImageGenerationTool)
"""Tools that run inside the model provider and touch nothing of ours."""


@dataclass
class Passage:
    """One advance on its way through the gate: whom to ask, and what went wrong behind the SDK's back."""

    desk: Desk
    errors: dict[str, str] = field(default_factory=dict)
    trouble: Exception | None = None


passage: ContextVar[Passage] = ContextVar("foureyes_passage")


@dataclass(frozen=True)
class Gated:
    """An agent whose tools all stop at the gate, and the originals by agent and tool name."""

    agent: Agent[Any]
    originals: dict[tuple[str, str], FunctionTool]

    def original(self, agent: str, tool: str) -> FunctionTool | None:
        """The tool as its author wrote it; None for one that runs at the provider."""
        return self.originals.get((agent, tool))


def gated(agent: Agent[Any], ungated: Collection[str] = ()) -> Gated:
    """Put the gate around every tool the agent can reach; changes the agents in place, so build them afresh.

    Raises UngatedTool for a tool that the SDK cannot stop before it acts, unless its name is in ``ungated``.
    """
    originals: dict[tuple[str, str], FunctionTool] = {}
    for one in agents_of(agent):
        one.tools = [_guarded(one, tool, originals, ungated) for tool in one.tools]
        if one.mcp_servers:
            _guard_listings(one, originals)
    return Gated(agent, originals)


def _guarded(
    agent: Agent[Any], tool: Tool, originals: dict[tuple[str, str], FunctionTool], ungated: Collection[str]
) -> Tool:
    match tool:
        case FunctionTool():
            originals[agent.name, tool.name] = tool
            return _wrapped(tool)
        case HostedMCPTool():
            return replace(tool, tool_config={**tool.tool_config, "require_approval": "always"})
        case _ if isinstance(tool, AT_THE_PROVIDER) or tool.name in ungated:
            return tool
    raise UngatedTool(
        f"Agent {agent.name!r} carries {tool.name!r} ({type(tool).__name__}), which cannot be stopped before it acts. "
        f"Wrap it in a function tool, or accept it with register(…, ungated=[{tool.name!r}])."
    )


def _wrapped(tool: FunctionTool) -> FunctionTool:
    is_agent = inner_agent(tool) is not None
    inner: Callable[[ToolContext[Any], str], Awaitable[Any]] = tool.on_invoke_tool

    async def invoke(ctx: ToolContext[Any], raw: str) -> Any:
        here = passage.get()
        call_id = ctx.tool_call_id
        begun = await _ask(here, here.desk.begin, call_id)
        if begun.known:
            return outputs.decode(begun.output)
        token = current_call.set(begun.key)
        try:
            output = await inner(ctx, json.dumps(begun.arguments) if begun.edited else raw)
        except (Exception, asyncio.CancelledError) as error:
            await _ask(here, here.desk.finish, call_id, None, f"{type(error).__name__}: {error}")
            raise
        finally:
            current_call.reset(token)
        if is_agent and output is None:
            return output  # its own tools stopped at the gate: it is entered again once they are decided
        if begun.edited:
            output = outputs.annotated(output, begun.arguments)
        await _ask(here, here.desk.finish, call_id, outputs.encode(output), here.errors.pop(call_id, ""))
        return output

    return replace(tool, on_invoke_tool=invoke, needs_approval=True)


def note_error(args: ToolErrorFormatterArgs[Any]) -> str | None:
    """The SDK hides a tool's exception from the model; the ledger keeps it. Leaves the model's text as it is."""
    if args.kind == "tool_exception" and args.error is not None:
        passage.get().errors[args.call_id] = f"{type(args.error).__name__}: {args.error}"
    return None


def _guard_listings(agent: Agent[Any], originals: dict[tuple[str, str], FunctionTool]) -> None:
    """MCP tools are made anew at each listing, so the listing is what gets the gate. Shadows a method: private."""
    listing = agent.get_all_tools

    async def get_all_tools(self: Agent[Any], run_context: RunContextWrapper[Any]) -> list[Tool]:
        tools = await listing(run_context)
        known = {id(tool) for tool in self.tools}
        return [tool if id(tool) in known else _guarded(self, tool, originals, ()) for tool in tools]

    agent.get_all_tools = MethodType(get_all_tools, agent)  # type: ignore[method-assign]


async def _ask(here: Passage, question: Callable[..., Any], *args: Any) -> Any:
    """Ask the desk on the worker's thread; what it refuses is remembered, since the SDK may swallow it."""
    try:
        return await sync_to_async(question, thread_sensitive=True)(*args)
    except Exception as trouble:
        here.trouble = here.trouble or trouble
        raise
