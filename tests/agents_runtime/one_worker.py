"""A worker process for one advance: `python -m tests.agents_runtime.one_worker RUN MARKER [block]`.

Its one tool writes a line to MARKER; told to block, it then waits for ever, as a tool that hangs does.
"""

import sys
import threading
from pathlib import Path
from uuid import UUID

import django
from agents import Agent, function_tool

from tests.agents_runtime import play


def build(marker: Path, *, blocks: bool) -> Agent:
    """An agent that pays Ann."""

    @function_tool
    def pay(to: str) -> str:
        with marker.open("a") as book:
            book.write(f"{to}\n")
        if blocks:
            threading.Event().wait()
        return f"paid {to}"

    return play.agent(play.first(play.call("pay", to="Ann")), pay)


def main() -> None:
    run, marker, *rest = sys.argv[1:]
    django.setup()
    from agents_runtime import registry, worker  # after setup: they need the apps

    registry.register("actor", queue="support", version="1")(lambda: build(Path(marker), blocks=rest == ["block"]))
    worker.advance(UUID(run))


if __name__ == "__main__":
    main()
