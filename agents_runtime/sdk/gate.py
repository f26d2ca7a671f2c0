"""The gate around every tool: nothing runs that the ledger has not let begin."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from types import MethodType
from typing import Any, TypeVar

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
from agents.agent_tool_state import get_agent_tool_state_scope, peek_agent_tool_run_result
from agents.run_config import ToolErrorFormatterArgs
from agents.sandbox import SandboxAgent
from agents.tool_context import ToolContext

from agents_runtime.sdk import bridge, outputs
from agents_runtime.sdk.calls import current_call
from agents_runtime.sdk.errors import UngatedTool
from agents_runtime.sdk.graph import agents_of, inner_agent
from agents_runtime.sdk.ports import Desk

T = TypeVar("T")
AT_THE_PROVIDER = (WebSearchTool, FileSearchTool, CodeInterpreterTool, ImageGenerationTool)
"""Tools that run inside the model provider and touch nothing of ours."""


@dataclass
class Passage:
    """One advance on its way through the gate: whom to ask, and what went wrong behind the SDK's back."""

    desk: Desk
    originals: dict[tuple[str, str], FunctionTool] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    trouble: Exception | None = None

    async def ask(self, question: Callable[..., T], *args: Any) -> T:
        """Ask the desk on the worker's thread; what it refuses is remembered, since the SDK may swallow it."""
        try:
            return await bridge.call_back(question, *args)
        except Exception as trouble:
            self.trouble = self.trouble or trouble
            raise


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
    """Put the gate around every tool the agent can reach, in place; an agent that has it already stays as it is.

    Raises UngatedTool for a tool that the SDK cannot stop before it acts, unless its name is in ``ungated``.
    """
    originals: dict[tuple[str, str], FunctionTool] = {}
    for one in agents_of(agent):
        if isinstance(one, SandboxAgent):
            raise UngatedTool(
                f"Agent {one.name!r} is a SandboxAgent, which gets tools while it runs that cannot be stopped."
            )
        tools = [_guarded(one, tool, originals, ungated) for tool in one.tools]
        if any(new is not old for new, old in zip(tools, one.tools, strict=True)):
            one.tools = tools
        if one.mcp_servers and not hasattr(one.get_all_tools, "is_guarded"):
            _guard_listings(one)
    return Gated(agent, originals)


def _guarded(
    agent: Agent[Any], tool: Tool, originals: dict[tuple[str, str], FunctionTool], ungated: Collection[str]
) -> Tool:
    match tool:
        case FunctionTool():
            before: FunctionTool | None = getattr(tool.on_invoke_tool, "original", None)
            originals[agent.name, tool.name] = before or tool
            return tool if before else _wrapped(tool)
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


def _wrapped(tool: FunctionTool) -> FunctionTool:
    is_agent = inner_agent(tool) is not None
    inner = _noting_errors(tool).on_invoke_tool

    async def invoke(ctx: ToolContext[Any], raw: str) -> Any:
        here, call_id = passage.get(), ctx.tool_call_id
        begun = await here.ask(here.desk.begin, call_id)
        if begun.known:
            # an agent that came back just before a crash is entered again: the SDK still holds what was asked inside
            return await inner(ctx, raw) if _paused_inside(ctx) else outputs.decode(begun.output)
        token = current_call.set(begun.key)
        try:
            output = await inner(ctx, json.dumps(begun.arguments) if begun.edited else raw)
        except (Exception, asyncio.CancelledError) as error:
            if not (is_agent and here.trouble):  # the desk failed inside it: it has not come back
                await here.ask(here.desk.finish, call_id, None, _told(error))
            raise
        finally:
            current_call.reset(token)
        if is_agent and here.trouble:
            raise here.trouble  # the SDK made a text of it for the model, which is not what the agent came to
        if is_agent and _paused_inside(ctx):
            return output  # its own tools stopped at the gate: it is entered again once they are decided
        if begun.edited:
            output = outputs.annotated(output, begun.arguments)
        await here.ask(here.desk.finish, call_id, outputs.encode(output), here.errors.pop(call_id, ""))
        return output

    invoke.original = tool  # type: ignore[attr-defined]
    return replace(tool, on_invoke_tool=invoke, needs_approval=True)


def note_error(args: ToolErrorFormatterArgs[Any]) -> str | None:
    """The SDK hides a tool's exception from the model; the ledger keeps it. Leaves the model's text as it is."""
    if args.kind == "tool_exception" and args.error is not None:
        passage.get().errors[args.call_id] = _told(args.error)
    return None


def _noting_errors(tool: FunctionTool) -> FunctionTool:
    """The tool, whose author's own error text does not hide the error from the ledger. Private fields of the SDK."""
    author = tool._failure_error_function
    if tool._use_default_failure_error_function or author is None:
        return tool

    def note_and_tell(ctx: RunContextWrapper[Any], error: Exception) -> Any:
        if isinstance(ctx, ToolContext):
            passage.get().errors[ctx.tool_call_id] = _told(error)
        return author(ctx, error)

    return replace(tool, _failure_error_function=note_and_tell)


def _told(error: BaseException) -> str:
    if isinstance(error, asyncio.CancelledError):
        return "Cancelled before it came back, by its time limit or another call's failure. It may have happened."
    return f"{type(error).__name__}: {error}"


def _paused_inside(ctx: ToolContext[Any]) -> bool:
    """Whether the agent behind this call has stopped at the gate with a call of its own. Private, as is its like."""
    if ctx.tool_call is None:
        return False
    inside = peek_agent_tool_run_result(ctx.tool_call, scope_id=get_agent_tool_state_scope(ctx))
    return bool(getattr(inside, "interruptions", None))


def _guard_listings(agent: Agent[Any]) -> None:
    """MCP tools are made anew at each listing, so the listing is what gets the gate. Shadows a method: private."""
    listing = agent.get_all_tools

    async def get_all_tools(self: Agent[Any], run_context: RunContextWrapper[Any]) -> list[Tool]:
        originals = passage.get().originals
        return [
            _guarded(self, tool, originals, ()) if isinstance(tool, FunctionTool) else tool
            for tool in await listing(run_context)
        ]

    get_all_tools.is_guarded = True  # type: ignore[attr-defined]
    agent.get_all_tools = MethodType(get_all_tools, agent)  # type: ignore[method-assign]
