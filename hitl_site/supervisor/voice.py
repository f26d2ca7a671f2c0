"""What the terminal shows: every line with the name of the part that said it, in its colour."""

import os
import queue
import sys
import threading
from types import TracebackType
from typing import Self

COLOURS = {"web": 36, "worker": 32, "clock": 35, "valkey": 33, "demo": 1}
NOISE = (
    "Memory overcommit must be enabled",  # Valkey's advice to administrators of servers
    "Hitting Ctrl+C again will terminate",  # the worker cannot know that Ctrl-C reaches the supervisor only
)


def wants_colour() -> bool:
    """Whether the terminal shows colours and its owner wants them (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


class Voice:
    """Prints from one thread, so that lines of different parts never mix. Leaving the block prints what is left."""

    def __init__(self) -> None:
        self._lines: queue.SimpleQueue[tuple[str, str] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._print_all, daemon=True)
        self._colour = wants_colour()

    def say(self, name: str, line: str) -> None:
        """Print the line after those said before it; empty lines of others than ourselves are left out."""
        if (line or name == "demo") and not any(noise in line for noise in NOISE):
            self._lines.put((name, line))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.put(None)
        self._thread.join(2)

    def _print_all(self) -> None:
        while (said := self._lines.get()) is not None:
            name, line = said
            prefix = f"{name:<7}|"
            if self._colour:
                prefix = f"\x1b[{COLOURS.get(name, 0)}m{prefix}\x1b[0m"
            try:
                print(prefix, line, flush=True)
            except OSError:  # the terminal is gone; the desk need not go with it
                continue
