"""A worker for tests, with an agent that can be told how to behave: `celery -A tests.agents_runtime.crew worker`."""

import asyncio
import json
import threading
import time
from pathlib import Path
from typing import Any

import django
from agents import Agent, ModelResponse, function_tool
from django.apps import apps

from tests.agents_runtime import play

if not apps.ready:
    django.setup()

from agents_runtime import registry
from hitl_site.celery import app

__all__ = ["app"]
SLUG = "thinker"


def task(turns: int = 1, seconds: float = 0, tool_seconds: float = 0, marker: Path | None = None) -> str:
    """What to submit: so many tools one after the other, so long a model, so long a tool, and where both sign."""
    return json.dumps({"turns": turns, "seconds": seconds, "tool_seconds": tool_seconds, "marker": str(marker or "")})


class Thinker(play.Player):
    """Does what the task says."""

    async def get_response(self, system_instructions: Any, input: Any, *args: Any, **kwargs: Any) -> ModelResponse:
        said = _task(input)
        _sign(said, "think")
        await asyncio.sleep(said["seconds"])
        return await super().get_response(system_instructions, input, *args, **kwargs)


def build() -> Agent[Any]:
    """The agent; its one tool writes down that it began and that it ended."""

    @function_tool
    def act(task: str) -> str:
        said = json.loads(task)
        _sign(said, "begin")
        if said["tool_seconds"]:
            threading.Event().wait(said["tool_seconds"])
        _sign(said, "end")
        return "acted"

    def script(seen: play.Seen) -> Any:
        said = _task(list(seen.items))
        done = len(seen.outputs)
        return "done" if done == said["turns"] else [play.call("act", f"c{done}", task=json.dumps(said))]

    return Agent(name="Thinker", tools=[act], model=Thinker(script))


def _task(items: Any) -> dict[str, Any]:
    text = items if isinstance(items, str) else next(item["content"] for item in items if item.get("role") == "user")
    return dict(json.loads(text))


def _sign(said: dict[str, Any], what: str) -> None:
    if said["marker"]:
        with Path(said["marker"]).open("a") as book:
            book.write(f"{what} {time.time()}\n")


if SLUG not in registry._entries:
    registry.register(SLUG, queue="support", version="1")(build)
    registry.declare(registry.get(SLUG))
