"""Plays a demo agent on the plain SDK runner, with a reviewer's verdict standing in for chosen tool calls."""

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from agents import Agent, FunctionTool, Runner

Verdict = Callable[[dict[str, Any], Callable[[dict[str, Any]], Awaitable[str]]], Awaitable[str]]


async def approve(arguments, tool):
    return await tool(arguments)


def edit(**changes: Any) -> Verdict:
    """Run the tool with other arguments; the output begins with a note that says so."""

    async def verdict(arguments, tool):
        new = arguments | changes
        note = f"[A human reviewer changed the arguments. The tool ran with {json.dumps(new)}]"
        return f"{note}\n{await tool(new)}"

    return verdict


def reject(feedback: str = "") -> Verdict:
    """Do not run the tool; the agent reads why, in the reviewer's bare words."""
    return supply(feedback or "A human reviewer rejected this call.")


def supply(output: str) -> Verdict:
    """Do not run the tool; the reviewer's words are its output."""

    async def verdict(arguments, tool):
        return output

    return verdict


@dataclass
class Play:
    """What happened: every call of the outer agent as proposed, every call that ran, and the last words."""

    final: str = ""
    proposed: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    ran: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    items: list[Any] = field(default_factory=list)

    @property
    def tools(self) -> list[str]:
        return [tool for tool, _ in self.proposed]

    def calls(self, tool: str) -> list[dict[str, Any]]:
        """The proposed arguments of each call of the tool."""
        return [arguments for name, arguments in self.proposed if name == tool]

    def runs(self, tool: str) -> list[dict[str, Any]]:
        """The arguments of each call of the tool that really ran."""
        return [arguments for name, arguments in self.ran if name == tool]


def play(agent: Agent[Any], task: str | list[Any], **verdicts: Verdict | list[Verdict]) -> Play:
    """One whole run. Verdicts are given per tool, in the order of its calls; calls without one are approved."""
    happened = Play()
    agent.tools = [
        _reviewed(tool, happened, iter([given] if callable(given := verdicts.get(tool.name, [])) else given))
        for tool in agent.tools
        if isinstance(tool, FunctionTool)
    ]
    result = asyncio.run(Runner.run(agent, task))
    happened.final = str(result.final_output)
    happened.items = result.to_input_list()
    return happened


def _reviewed(tool: FunctionTool, happened: Play, verdicts: Iterator[Verdict]) -> FunctionTool:
    async def invoke(context, given: str):
        async def real(arguments: dict[str, Any]) -> str:
            happened.ran.append((tool.name, arguments))
            return str(await tool.on_invoke_tool(context, json.dumps(arguments)))

        arguments = json.loads(given)
        happened.proposed.append((tool.name, arguments))
        return await next(verdicts, approve)(arguments, real)

    return dataclasses.replace(tool, on_invoke_tool=invoke, needs_approval=False)
