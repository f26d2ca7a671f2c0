"""One function tool behind the gate."""

from __future__ import annotations

import asyncio
import json
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from agents import FunctionTool, RunContextWrapper
from agents.agent_tool_state import get_agent_tool_state_scope, peek_agent_tool_run_result
from agents.run_config import ToolErrorFormatterArgs
from agents.tool_context import ToolContext

from agents_runtime.sdk import outputs
from agents_runtime.sdk.calls import current_call
from agents_runtime.sdk.graph import inner_agent
from agents_runtime.sdk.passage import Passage, passage
from reviews.actions.text import storable


def wrapped(tool: FunctionTool) -> FunctionTool:
    """The tool, asking the ledger before it acts and telling it what came of it."""
    is_agent = inner_agent(tool) is not None
    inner = _noting_errors(tool).on_invoke_tool

    async def invoke(ctx: ToolContext[Any], raw: str) -> Any:
        here = passage.get()
        here.require_owned()
        with nullcontext() if is_agent else here.finishing():  # an agent has no effect of its own: its tools have
            return await passed(here, ctx, raw)

    async def passed(here: Passage, ctx: ToolContext[Any], raw: str) -> Any:
        call_id = ctx.tool_call_id
        begun = await here.ask(here.desk.begin, call_id, tool.name)
        if begun.known:
            # an agent that came back just before a crash is entered again: the SDK still holds what was asked inside
            return await inner(ctx, raw) if _paused_inside(ctx) else outputs.decode(begun.output)
        token = current_call.set(begun.key)
        try:
            output = await inner(ctx, json.dumps(begun.arguments) if begun.edited else raw)
        except (Exception, asyncio.CancelledError) as error:
            # where the desk failed, an agent has not come back; a call cancelled for it is in doubt: it may have acted
            if not (here.trouble and (is_agent or isinstance(error, asyncio.CancelledError))):
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
        kept = outputs.encode(output)
        await here.ask(here.desk.finish, call_id, kept, here.errors.pop(call_id, ""))
        return outputs.speakable(output, kept)

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
    return f"{type(error).__name__}: {storable(error)}"


def _paused_inside(ctx: ToolContext[Any]) -> bool:
    """Whether the agent behind this call has stopped at the gate with a call of its own. Private, as is its like."""
    if ctx.tool_call is None:
        return False
    inside = peek_agent_tool_run_result(ctx.tool_call, scope_id=get_agent_tool_state_scope(ctx))
    return bool(getattr(inside, "interruptions", None))
