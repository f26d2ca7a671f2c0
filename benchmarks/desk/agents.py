"""The agent of the floor, registered: Foureyes and the bare SDK run the same one, and longer ones for stored bytes."""

from collections.abc import Callable

from agents import Agent

from agents_runtime import register
from benchmarks.peers import sdk_floor, texts

SLUG = "benchmark"
QUEUE = "benchmark"


def building(calls: int) -> Callable[[], Agent[None]]:
    """How to build the agent that makes so many calls."""
    return lambda: sdk_floor.agent(calls)


register(SLUG, queue=QUEUE, version="1")(building(1))
for turns in texts.TURNS:
    register(f"{SLUG}-{turns}", queue=QUEUE, version="1", max_turns=turns + 10)(building(turns))
