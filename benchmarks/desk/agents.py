"""The agent of the floor, registered: Foureyes and the bare SDK run the same one."""

from agents import Agent

from agents_runtime import register
from benchmarks.peers import sdk_floor

SLUG = "benchmark"
QUEUE = "benchmark"


@register(SLUG, queue=QUEUE, version="1")
def build() -> Agent[None]:
    """One tool that a person must approve."""
    return sdk_floor.agent()
