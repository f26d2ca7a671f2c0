"""Driving one agent from wherever it stands to its next gate or its end."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from agents import (
    Agent,
    RunConfig,
    RunContextWrapper,
    Runner,
    RunResult,
    RunResultStreaming,
    RunState,
    UserError,
)
from agents.items import ToolApprovalItem
from agents.models.interface import ModelProvider

from agents_runtime.sdk import outputs, remote
from agents_runtime.sdk.connections import connected
from agents_runtime.sdk.errors import Failure, explained
from agents_runtime.sdk.gate import Doorkeeper, Gated
from agents_runtime.sdk.graph import agents_of, inner_agent, require_known
from agents_runtime.sdk.passage import Passage, passage
from agents_runtime.sdk.ports import Brief, Desk, Finished, Parked, Request, Snapshot
from agents_runtime.sdk.recall import Recall
from agents_runtime.sdk.versions import SCHEMA_VERSION, SDK_VERSION
from agents_runtime.sdk.wrapped import note_error

MORE_TURNS = 5
"""Turns granted when a reviewer sends a final output back and the agent had used all of its own."""
LONGEST_NAME = 200
State = RunState[Any, Any]
Result = RunResult | RunResultStreaming


async def advance(
    gated: Gated, brief: Brief, desk: Desk, provider: ModelProvider | None = None, *, recall: Recall | None = None
) -> Finished | Parked:
    """Run until the agent ends or a gate parks it. Raises Failure, Recalled, and whatever the desk raised.

    One advance may be repeated after a crash: everything it does is asked of the desk first. Once ``recall`` is told,
    the model is not waited for any more and no tool begins; one that runs may come to its end.
    """
    here = Passage(desk, gated.originals, gated.ungated, recall=recall or Recall())
    token = passage.set(here)
    try:
        async with connected(gated.agent):
            return await _advance(gated, brief, here, _config(brief, provider))
    except Exception as error:
        if here.trouble is not None:
            raise here.trouble from error
        raise explained(error) from error
    finally:
        passage.reset(token)


async def _advance(gated: Gated, brief: Brief, here: Passage, config: RunConfig) -> Finished | Parked:
    current: str | State = brief.input
    if brief.state is not None:
        current, context = await _restored(gated, brief)
        waiting = current.get_interruptions()
        if brief.at_the_gate and await _stops(gated, here, current, waiting, context):
            return Parked()
        await _apply_answers(gated, current, brief, here)
        _tell(current, brief)
    while True:
        here.require_owned()
        result = await here.run(_to_next_stop(gated.agent, current, brief, config))
        if here.trouble is not None:
            raise here.trouble
        await remote.came_back(here)  # an agent used as a tool has asked its model without our hooks
        state: State = result.to_state()
        if not result.interruptions:
            output = outputs.encode(result.final_output)
            last = result.last_agent
            return Finished(
                last.name, output, outputs.schema_of(last.output_type, output), _snapshot(state, result.context_wrapper)
            )
        if await _stops(gated, here, state, result.interruptions, result.context_wrapper):
            return Parked()
        await _apply_answers(gated, state, brief, here)
        current = state


async def _stops(
    gated: Gated, here: Passage, state: State, waiting: Sequence[ToolApprovalItem], context: RunContextWrapper[Any]
) -> bool:
    requests = [await _request(gated, item, context) for item in waiting]
    return await here.ask(here.desk.stop_at_gate, _snapshot(state, context), requests)


async def _to_next_stop(agent: Agent[Any], current: str | State, brief: Brief, config: RunConfig) -> Result:
    more: dict[str, Any] = {"run_config": config, "hooks": Doorkeeper()}
    if isinstance(current, str):
        more |= {"context": brief.context, "max_turns": brief.max_turns}
    if not brief.stream:
        return await Runner.run(agent, current, **more)
    _ask_for_usage(agent)
    streamed = Runner.run_streamed(agent, current, **more)
    async for _ in streamed.stream_events():
        pass  # the state after the last event is what counts
    return streamed


def _ask_for_usage(agent: Agent[Any]) -> None:
    """Chat Completions leave the tokens out of a stream unless asked; an author who said no is heeded."""
    for one in agents_of(agent):
        if one.model_settings.include_usage is None:
            one.model_settings = replace(one.model_settings, include_usage=True)


async def _restored(gated: Gated, brief: Brief) -> tuple[State, RunContextWrapper[Any]]:
    saved = json.loads(brief.state or "")
    require_known(saved, gated.agent)
    if saved.get("current_step") is None:
        if brief.feedback is None:
            raise Failure("nothing_to_do", "The checkpoint is a finished run, and no reviewer sent its output back.")
        _reopen(saved)
    kept = saved.get("context", {}).get("context")  # a fork's state still names the run it comes from
    context = RunContextWrapper({**(kept if isinstance(kept, dict) else {}), **brief.context})
    return await RunState.from_json(gated.agent, saved, context_override=context), context


def _tell(state: State, brief: Brief) -> None:
    if brief.feedback:
        state.add_input([{"role": "user", "content": brief.feedback}])
    with suppress(UserError):  # an agent whose tool result ends the run has no next turn in which to read a note
        for note in brief.notes:
            state.add_input([{"role": "user", "content": note}])


def _reopen(saved: dict[str, Any]) -> None:
    """Let a finished run go on: the one key of saved SDK state that we ever edit."""
    saved["current_step"] = {"type": "next_step_run_again"}
    if saved.get("max_turns") is not None and saved["current_turn"] >= saved["max_turns"]:
        saved["max_turns"] = saved["current_turn"] + MORE_TURNS


async def _apply_answers(gated: Gated, state: State, brief: Brief, here: Passage) -> None:
    waiting = {_call_id(item): item for item in state.get_interruptions()}
    answers = await here.ask(here.desk.answers, {call_id: _schema(gated, item) for call_id, item in waiting.items()})
    for call_id, item in waiting.items():
        answer = answers.get(call_id)
        if answer is None:
            raise Failure("undecided_call", f"The call {item.tool_name} ({call_id}) was never decided.")
        if not answer.go:
            state.reject(item, rejection_message=answer.message)
            continue
        _require_here(gated, item)
        if _is_remote(item) and brief.dry:
            state.reject(
                item, rejection_message="Dry run: this call would run at the model provider, so it is refused."
            )
            continue
        if _is_remote(item) and answer.known:
            state.reject(item, rejection_message=remote.already_ran(answer.message))
            continue
        if _is_remote(item):
            await remote.send(here, call_id, item.tool_name or "")
        state.approve(item)


def _require_here(gated: Gated, item: ToolApprovalItem) -> None:
    """Raises Failure where the approved tool is gone; one of an MCP server turns up only as the agent runs."""
    agent, tool = item.agent, item.tool_name or ""
    if gated.original(agent.name, tool) or agent.mcp_servers or _is_remote(item) or tool in gated.ungated:
        return
    raise Failure(
        "tool_changed",
        f"The call {_call_id(item)} was let through, but the agent {agent.name!r} has no tool {tool!r} any more. "
        "Deploy the code that asked to finish the run, or retry it from the start.",
    )


def _schema(gated: Gated, item: ToolApprovalItem) -> dict[str, Any] | None:
    """What the tool takes now; None for one that is not here, or not yet."""
    original = gated.original(item.agent.name, item.tool_name or "")
    return original.params_json_schema if original else None


async def _request(gated: Gated, item: ToolApprovalItem, context: RunContextWrapper[Any]) -> Request:
    agent, tool = item.agent.name, item.tool_name or ""
    original = gated.original(agent, tool)
    if original is None and not _is_remote(item) and tool not in gated.ungated:
        raise Failure(
            "ungated_tool", f"The gate does not know the tool {tool!r} of agent {agent!r}, so it does not run."
        )
    call_id, arguments = _call_id(item), _parsed(item.arguments)
    _require_short(call_id=call_id, tool=tool, agent=agent)
    return Request(
        call_id=call_id,
        agent=agent,
        tool=tool,
        arguments=arguments,
        schema=original.params_json_schema if original else {},
        author_asks=True if original is None else await _author_asks(original.needs_approval, context, arguments, item),
        is_agent=bool(original and inner_agent(original)),
        is_remote=original is None,
    )


async def _author_asks(marked: Any, context: RunContextWrapper[Any], arguments: Any, item: ToolApprovalItem) -> bool:
    """What the author's ``needs_approval`` says; one that cannot be asked, or fails, asks a human."""
    if not callable(marked):
        return bool(marked)
    if not isinstance(arguments, dict):
        return True
    try:
        said = marked(context, arguments, _call_id(item))
        return bool(await said if inspect.isawaitable(said) else said)
    except Exception:
        return True


def _parsed(arguments: str | None) -> Any:
    try:
        return json.loads(arguments or "{}")
    except ValueError:
        return arguments  # the tool itself will tell the model what is wrong with it


def _call_id(item: ToolApprovalItem) -> str:
    if not item.call_id:
        raise Failure("model_behavior", f"The model asked for {item.tool_name} without a call id.")
    return item.call_id


def _require_short(**names: str) -> None:
    for what, name in names.items():
        if len(name) > LONGEST_NAME:
            text = f"A call has {len(name)} characters as its {what}; the ledger takes {LONGEST_NAME}: {name[:40]}…"
            raise Failure("model_behavior", text)


def _is_remote(item: ToolApprovalItem) -> bool:
    raw = item.raw_item  # a dict in a state that was read back
    return (raw.get("type") if isinstance(raw, dict) else getattr(raw, "type", None)) == "mcp_approval_request"


def _snapshot(state: State, context: RunContextWrapper[Any]) -> Snapshot:
    used = context.usage
    usage = {"requests": used.requests, "input_tokens": used.input_tokens, "output_tokens": used.output_tokens}
    text = json.dumps(state.to_json(), separators=(",", ":"), ensure_ascii=False)
    return Snapshot(text, SDK_VERSION, SCHEMA_VERSION, usage)


def _config(brief: Brief, provider: ModelProvider | None) -> RunConfig:
    more: dict[str, Any] = {} if provider is None else {"model_provider": provider}
    return RunConfig(
        workflow_name=brief.workflow,
        trace_id=brief.trace_id,
        trace_include_sensitive_data=brief.trace_data,
        tool_error_formatter=note_error,
        **more,
    )
