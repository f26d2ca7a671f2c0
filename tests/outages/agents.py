"""Two agents for the outages: one that ends at once, one that stays in its tool for as long as the test wants."""

import os
import time
from pathlib import Path

from agents import Agent, function_tool

from agents_runtime import register
from tests.agents_runtime import play

FOLDER = Path(os.environ.get("OUTAGES_FOLDER", "/nonexistent"))
"""Where the tool writes down that it began, and where it looks for the leave to end."""


@function_tool
def work(name: str) -> str:
    """Begin, and end once the file `leave` is there."""
    with (FOLDER / "began").open("a") as book:
        book.write(f"{name}\n")
    while not (FOLDER / "leave").exists():
        time.sleep(0.05)
    return "worked"


@register("quick", queue="support", version="1", description="Ends at once.")
def quick() -> Agent:
    """No tool, one answer."""
    return play.agent(lambda seen: "done")


@register("slow", queue="support", version="1", description="Works as long as the test wants.", idempotent=("work",))
def slow() -> Agent:
    """One tool, which may run twice."""
    return play.agent(play.first(play.call("work", name="once")), work)
