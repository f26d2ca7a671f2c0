"""LangGraph: LangChain's create_agent with its human-in-the-loop middleware on PostgreSQL.

The first argument is the durability: ``async`` is LangGraph's default, ``exit`` stores only at a pause and at the end.
"""

import itertools
import os
import sys
import time
import uuid
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import tool
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.types import Command
from psycopg import Connection
from psycopg.rows import dict_row

from benchmarks.peers import texts
from benchmarks.peers.protocol import Cycle, serve

APPROVE = {"decisions": [{"type": "approve"}]}
_ids = itertools.count(1)


class Scripted(BaseChatModel):
    """Asks for ``calls`` tool calls, one per turn, and then answers; at once."""

    calls: int = 1

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, **more: Any) -> "Scripted":
        return self

    def _generate(self, messages: list[BaseMessage], *rest: Any, **more: Any) -> ChatResult:
        seen = sum(isinstance(message, ToolMessage) for message in messages)
        if seen < self.calls:
            arguments = texts.ARGUMENTS if seen == 0 else texts.arguments(seen)
            call = {"name": texts.TOOL, "args": arguments, "id": f"call_{seen}_{next(_ids)}"}
            answer = AIMessage("", tool_calls=[call])
        else:
            answer = AIMessage(texts.FINAL)
        return ChatResult(generations=[ChatGeneration(message=answer)])


@tool
def issue_refund(order: str, amount: float, reason: str) -> str:
    """Pay money back for an order."""
    return texts.output()


class Graph:
    """One process, one connection."""

    def __init__(self, url: str, durability: str, calls: int = 1) -> None:
        self.durability = durability
        # as PostgresSaver.from_conn_string opens it
        saver = PostgresSaver(Connection.connect(url, autocommit=True, prepare_threshold=0, row_factory=dict_row))
        saver.setup()
        self.agent = create_agent(
            Scripted(calls=calls),
            tools=[issue_refund],
            system_prompt=texts.SYSTEM,
            middleware=[HumanInTheLoopMiddleware({texts.TOOL: True})],
            checkpointer=saver,
        )

    def cycles(self, count: int, in_flight: int = 1) -> list[Cycle]:
        """Play them one after the other: this process has nothing to wait for."""
        return [self.cycle() for _ in range(count)]

    def cycle(self) -> Cycle:
        """Run to the interrupt, approve, run to the end."""
        thread = {"configurable": {"thread_id": str(uuid.uuid4())}}
        cycle = Cycle(time.perf_counter())
        asked = self.invoke({"messages": [{"role": "user", "content": texts.USER}]}, thread)
        assert asked["__interrupt__"]
        cycle.decided = time.perf_counter()
        ended = self.invoke(Command(resume=APPROVE), thread)
        cycle.done = time.perf_counter()
        *_, result, last = ended["messages"]
        assert last.content == texts.FINAL
        cycle.tool = texts.started_at(result.content)
        return cycle

    def turns(self, count: int) -> str:
        """Play one thread of so many approved turns; returns its id."""
        thread: dict[str, Any] = {"configurable": {"thread_id": str(uuid.uuid4())}, "recursion_limit": 10 * count + 50}
        said = self.invoke({"messages": [{"role": "user", "content": texts.USER}]}, thread)
        while said.get("__interrupt__"):
            said = self.invoke(Command(resume=APPROVE), thread)
        assert sum(isinstance(message, ToolMessage) for message in said["messages"]) == count
        return str(thread["configurable"]["thread_id"])

    def invoke(self, what: Any, thread: Any) -> Any:
        """One step to the next interrupt or the end."""
        return self.agent.invoke(what, thread, durability=self.durability)


def turns(count: int) -> str:
    """One thread of so many turns."""
    return Graph(os.environ["PEER_DATABASE"], sys.argv[1], calls=count).turns(count)


if __name__ == "__main__":
    graph = Graph(os.environ["PEER_DATABASE"], sys.argv[1])
    packages = ("langgraph", "langchain", "langgraph-checkpoint-postgres", "psycopg")
    serve({"cycles": graph.cycles, "turns": turns}, packages)
