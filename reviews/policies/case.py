"""What the rules are shown of one call: its arguments, the run it belongs to, and who asked for that."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from reviews.policies.values import dig, show, steps

ABOUT = {
    "run": ("agent", "version", "queue", "input"),
    "requester": ("username", "groups"),
    "call": ("tool", "kind", "agent"),
}
"""What a path may ask for beside the arguments, by its first step."""
ALIASES = {"tool": ("call", "tool"), "kind": ("call", "kind")}
ARGUMENTS = "arguments"
MATCHING = 0.25
"""Seconds that all patterns together may take on one call."""
WORKING = 0.5
"""Seconds of a processor that all conditions together may take on one call, patterns aside."""
PLACE = re.compile(r"\{([\w.-]+)\}")
Facts = Mapping[str, Any] | Callable[[], Mapping[str, Any]]


class Ambiguous(LookupError):
    """The name means something of the call and is also the name of an argument."""


@dataclass
class Case:
    """One call to be judged. ``run`` and ``requester`` may be functions: they are asked once a rule wants to know."""

    tool: str
    agent: str
    arguments: Any
    kind: str = "tool_approval"
    run: Facts = field(default_factory=dict)
    requester: Facts = field(default_factory=dict)
    spent: float = 0.0
    worked: float = 0.0

    def find(self, path: tuple[str, ...]) -> Iterator[tuple[bool, Any]]:
        """Every value that the path leads to, and whether it is there. Raises Ambiguous."""
        told = ALIASES.get(path[0], path) if len(path) == 1 else path
        is_argument = path[0] == ARGUMENTS and len(path) > 1
        if not (is_argument or is_about(told)):
            return dig(self.arguments, path)
        if any(there for there, _ in dig(self.arguments, path)):
            raise Ambiguous(path[0])
        return dig(self.arguments, path[1:]) if is_argument else dig(self._about(told[0]), told[1:])

    def time_left(self) -> float:
        """Seconds that patterns may still take."""
        return MATCHING - self.spent

    def spend(self, since: float) -> None:
        """Count the time since that moment of the monotonic clock."""
        self.spent += time.monotonic() - since

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Count what is done meanwhile; the processor's time, so that it is the same on a busy machine."""
        self._since = time.thread_time()
        try:
            yield
        finally:
            self.worked += time.thread_time() - self._since

    @property
    def queue(self) -> str:
        """The run's own queue; empty where nothing is known of the run."""
        return str(self._about("run").get("queue", ""))

    def is_over(self) -> bool:
        """Whether no condition may be looked at any more; asked while at work."""
        return self.worked + time.thread_time() - self._since > WORKING

    def anew(self) -> Case:
        """The same call, with all the time before it."""
        return replace(self, spent=0.0, worked=0.0)

    def is_exhausted(self) -> bool:
        """Whether the time for patterns or for all conditions was used up."""
        return self.time_left() <= 0 or self.worked > WORKING

    def render(self, template: str) -> str:
        """Fill ``{path}`` places with values; a missing one becomes ``?``."""

        def value(match: re.Match[str]) -> str:
            try:
                found, actual = next(self.find(steps(match.group(1))), (False, None))
            except (Ambiguous, ValueError):
                return "?"
            return show(actual) if found else "?"

        return PLACE.sub(value, template)[:200]

    _since: float = field(default=0.0, init=False)

    def _about(self, name: str) -> Mapping[str, Any]:
        if name == "call":
            return {"tool": self.tool, "kind": self.kind, "agent": self.agent}
        facts: Facts = getattr(self, name)
        if callable(facts):
            facts = facts()
            setattr(self, name, facts)
        return facts


def is_about(path: tuple[str, ...]) -> bool:
    """Whether the path asks for the run, its requester or the call, not for an argument."""
    return len(path) > 1 and path[1] in ABOUT.get(path[0], ())
