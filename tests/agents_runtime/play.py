"""A stateless model that plays a function of what it is shown, and what scripts for it are made of."""

import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from agents import Agent, Model, ModelResponse, Tool, Usage, generation_span
from openai.types.responses import (
    Response,
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
    ResponseUsage,
)
from openai.types.responses.response_usage import InputTokensDetails, OutputTokensDetails

from agents_runtime.scripted.stream import events


@dataclass(frozen=True)
class Seen:
    """What one model call is shown."""

    items: Sequence[Any]
    agent: str = ""

    @property
    def outputs(self) -> dict[str, Any]:
        """What each call came back with, by call id."""
        return {item["call_id"]: item["output"] for item in self.items if item.get("type") == "function_call_output"}

    @property
    def messages(self) -> list[str]:
        """What people said, the task first."""
        return [item["content"] for item in self.items if item.get("role") in ("user", "developer")]

    @property
    def replies(self) -> int:
        """How often the agent has spoken."""
        return sum(item.get("role") == "assistant" for item in self.items)


Script = Callable[[Seen], str | Sequence[Any]]


def call(tool: str, call_id: str = "c1", *, raw: str | None = None, **arguments: Any) -> ResponseFunctionToolCall:
    """One tool call; `raw` is for arguments that are no JSON."""
    text = json.dumps(arguments) if raw is None else raw
    return ResponseFunctionToolCall(
        type="function_call", id=f"fc_{call_id}", call_id=call_id, name=tool, arguments=text, status="completed"
    )


def first(*calls: Any) -> Script:
    """Make these calls at once; then report what came back and what people said since."""
    return lambda seen: report(seen) if seen.outputs else list(calls)


def one_by_one(*turns: Sequence[Any]) -> Script:
    """Make the calls of the next turn that has not come back; then report."""

    def script(seen: Seen) -> str | Sequence[Any]:
        left = [turn for turn in turns if not all(call.call_id in seen.outputs for call in turn)]
        return left[0] if left else report(seen)

    return script


def report(seen: Seen) -> str:
    """All that the model has read: `c1: output`, and `+ message` for what came after the task."""
    came_back = [f"{call_id}: {output}" for call_id, output in seen.outputs.items()]
    return " | ".join([*came_back, *(f"+ {message}" for message in seen.messages[1:])]) or "nothing"


class Player(Model):
    """Plays a script; keeps nothing but, for the test, what it was shown."""

    def __init__(self, script: Script, log: list[Seen] | None = None) -> None:
        self._script = script
        self.log = [] if log is None else log

    def _play(self, items: Any) -> Response:
        seen = Seen([{"role": "user", "content": items}] if isinstance(items, str) else list(items))
        self.log.append(seen)
        turn = self._script(seen)
        output = [_message(turn)] if isinstance(turn, str) else list(turn)
        usage = ResponseUsage(
            input_tokens=10,
            output_tokens=5,
            total_tokens=15,
            input_tokens_details=InputTokensDetails(cached_tokens=0, cache_write_tokens=0),
            output_tokens_details=OutputTokensDetails(reasoning_tokens=0),
        )
        return Response(
            id="resp",
            object="response",
            created_at=time.time(),
            model="player",
            output=output,
            parallel_tool_calls=True,
            tool_choice="auto",
            tools=[],
            usage=usage,
        )

    async def get_response(
        self, system_instructions: Any, input: Any, *args: Any, tracing: Any = None, **kwargs: Any
    ) -> ModelResponse:
        with generation_span(model="player", usage={"input_tokens": 10, "output_tokens": 5}) as span:
            response = self._play(input)
            span.span_data.output = [item.model_dump() for item in response.output]
        usage = Usage(requests=1, input_tokens=10, output_tokens=5, total_tokens=15)
        return ModelResponse(output=response.output, usage=usage, response_id=response.id)

    async def stream_response(
        self, system_instructions: Any, input: Any, *args: Any, **kwargs: Any
    ) -> AsyncIterator[Any]:
        for event in events(self._play(input)):
            yield event


def agent(script: Script, *tools: Tool, name: str = "Actor", log: list[Seen] | None = None, **more: Any) -> Agent[Any]:
    """An agent that plays the script."""
    return Agent(name=name, tools=list(tools), model=Player(script, log), **more)


def _message(text: str) -> ResponseOutputMessage:
    content = ResponseOutputText(type="output_text", text=text, annotations=[])
    return ResponseOutputMessage(id="msg", type="message", role="assistant", status="completed", content=[content])
