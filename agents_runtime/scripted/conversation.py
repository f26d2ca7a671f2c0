"""The conversation so far, read from the items the SDK shows a model."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

PEOPLE = frozenset({"user", "developer", "system"})
REFUSAL = re.compile(
    r"""^[^\n]*?\b(?:rejected|refused|declined|not\ approved)\b[^.:\n]*[.:]?\s*  # "A reviewer rejected this call."
    (?:(?:\w+\ )?feedback:\s*)?  # "Their feedback:"; what follows is what they said
    """,
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True)
class Exchange:
    """One tool call of the agent and the output it got; no output means it has not come back yet."""

    call_id: str
    tool: str
    arguments: dict[str, Any]
    output: str = ""

    @property
    def edited(self) -> dict[str, Any]:
        """The arguments a reviewer put in place of the agent's, or nothing if the call ran as proposed."""
        _, marker, rest = self.output.partition("changed the arguments")
        if not marker or "{" not in rest:
            return {}
        try:
            arguments, _ = json.JSONDecoder().raw_decode(rest[rest.index("{") :])
        except ValueError:
            return {}
        return dict(arguments)

    @property
    def rejected(self) -> bool:
        """True when the call did not run because a reviewer or a policy said no."""
        return REFUSAL.match(self.output) is not None

    @property
    def feedback(self) -> str:
        """What the reviewer said when rejecting the call; empty if they said nothing, or did not reject it."""
        return REFUSAL.sub("", self.output).strip() if self.rejected else ""

    @property
    def executed(self) -> dict[str, Any]:
        """The arguments the tool ran with."""
        return {**self.arguments, **self.edited}


@dataclass(frozen=True)
class Conversation:
    """What one model call is shown: instructions, names of tools, and the items in order."""

    items: Sequence[Any]
    instructions: str = ""
    tools: tuple[str, ...] = ()

    @property
    def task(self) -> str:
        """The first thing a person said: what the run is about."""
        return next((text for role, text in self._messages() if role in PEOPLE), "")

    @cached_property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The agent's calls in the order it made them, each with its output."""
        outputs = {item["call_id"]: _text(item["output"]) for item in self._of("function_call_output")}
        return tuple(
            Exchange(item["call_id"], item["name"], _arguments(item), outputs.get(item["call_id"], ""))
            for item in self._of("function_call")
        )

    @property
    def replies(self) -> list[str]:
        """What the agent has said to people so far."""
        return [text for role, text in self._messages() if role == "assistant"]

    @property
    def notes(self) -> list[str]:
        """What people added after the task."""
        return [text for role, text in self._messages() if role in PEOPLE][1:]

    @property
    def latest_notes(self) -> list[str]:
        """What people added after the agent last spoke or called a tool."""
        notes: list[str] = []
        for item in reversed(self.items):
            if _kind(item) == "function_call" or item.get("role") == "assistant":
                return notes[::-1]
            if item.get("role") in PEOPLE:
                notes.append(_text(item["content"]))
        return []

    def calls(self, tool: str) -> list[Exchange]:
        """Every call of the tool, oldest first."""
        return [exchange for exchange in self.exchanges if exchange.tool == tool]

    def last(self, tool: str) -> Exchange | None:
        """The latest call of the tool, or None if the agent has not used it."""
        return next(reversed(self.calls(tool)), None)

    def essence(self) -> str:
        """Text that is equal wherever the same agent is shown the same conversation."""
        return json.dumps([self.instructions, self.tools, [_essence(item) for item in self.items]])

    def _of(self, kind: str) -> Iterator[Any]:
        return (item for item in self.items if _kind(item) == kind)

    def _messages(self) -> Iterator[tuple[str, str]]:
        return ((item["role"], _text(item["content"])) for item in self._of("message"))


def _kind(item: Any) -> str:
    return str(item.get("type") or "message")


def _text(content: Any) -> str:
    """The text of a message or a tool output: either a plain string or a list of parts."""
    if content is None or isinstance(content, str):
        return content or ""
    return "\n".join(str(part.get("text", "")) for part in content)


def _arguments(call: Any) -> dict[str, Any]:
    arguments = json.loads(call["arguments"] or "{}")
    return arguments if isinstance(arguments, dict) else {}


def _essence(item: Any) -> list[str]:
    """What an item says; ids and statuses the SDK adds on the way are left out."""
    if _kind(item) == "message":
        return [str(item["role"]), _text(item["content"])]
    return [_kind(item), *(_text(item.get(key)) for key in ("call_id", "name", "arguments", "output"))]
