"""The floor: the bare Agents SDK, its state kept in PostgreSQL with two statements and nothing else."""

import asyncio
import json
import os
import time

import psycopg
from agents import Agent, Runner, RunState, function_tool, set_tracing_disabled

from benchmarks.peers import texts
from benchmarks.peers.protocol import Cycle, serve
from benchmarks.peers.scripted import Scripted

TABLE = "CREATE TABLE IF NOT EXISTS checkpoint (id bigserial PRIMARY KEY, state jsonb NOT NULL)"


@function_tool(needs_approval=True)
def issue_refund(order: str, amount: float, reason: str) -> str:
    """Pay money back for an order."""
    return texts.output()


def agent(calls: int = 1) -> Agent[None]:
    """The agent that every benchmark of the SDK runs; each of its calls needs a person."""
    return Agent(name="refunds", instructions=texts.SYSTEM, model=Scripted(calls), tools=[issue_refund])


class Floor:
    """One process, one connection, one event loop."""

    def __init__(self, url: str) -> None:
        self.database = psycopg.connect(url, autocommit=True)
        self.database.execute(TABLE)
        self.loop = asyncio.new_event_loop()
        self.agent = agent()

    def cycles(self, count: int, in_flight: int = 1) -> list[Cycle]:
        """Play them one after the other: this process has nothing to wait for."""
        return [self.loop.run_until_complete(self.cycle()) for _ in range(count)]

    async def cycle(self) -> Cycle:
        """Run to the question, store, load, approve, run to the end."""
        cycle = Cycle(time.perf_counter())
        asked = await Runner.run(self.agent, texts.USER)
        state = json.dumps(asked.to_state().to_json())
        row = self.database.execute("INSERT INTO checkpoint (state) VALUES (%s) RETURNING id", [state]).fetchone()
        cycle.decided = time.perf_counter()
        stored = self.database.execute("SELECT state FROM checkpoint WHERE id = %s", row).fetchone()
        assert stored is not None
        restored = await RunState.from_json(self.agent, stored[0])
        for item in restored.get_interruptions():
            restored.approve(item)
        ended = await Runner.run(self.agent, restored)
        cycle.done = time.perf_counter()
        assert ended.final_output == texts.FINAL
        cycle.tool = texts.started_at(
            next(item.output for item in ended.new_items if item.type == "tool_call_output_item")
        )
        return cycle


if __name__ == "__main__":
    set_tracing_disabled(True)
    floor = Floor(os.environ["PEER_DATABASE"])
    serve({"cycles": floor.cycles}, ("openai-agents", "psycopg"))
