"""A model of the Agents SDK that answers at once: one call of the tool, then the final text."""

import itertools
from collections.abc import AsyncIterator
from json import dumps
from typing import Any

from agents import Model, ModelResponse, Usage
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

from benchmarks.peers import texts

_ids = itertools.count(1)


class Scripted(Model):
    """Asks for ``calls`` tool calls, one per turn, and then answers. Reads from its input how far it has come."""

    def __init__(self, calls: int = 1) -> None:
        self.calls = calls

    async def get_response(self, system_instructions: Any, input: Any, *rest: Any, **more: Any) -> ModelResponse:
        items = [] if isinstance(input, str) else input
        seen = sum(item.get("type") == "function_call_output" for item in items)
        item = _call(seen) if seen < self.calls else _message()
        usage = Usage(requests=1, input_tokens=200, output_tokens=30, total_tokens=230)
        return ModelResponse(output=[item], usage=usage, response_id=None)

    def stream_response(self, *rest: Any, **more: Any) -> AsyncIterator[Any]:
        raise NotImplementedError("no benchmark streams")


def _call(turn: int) -> ResponseFunctionToolCall:
    arguments = dumps(texts.ARGUMENTS if turn == 0 else texts.arguments(turn))
    return ResponseFunctionToolCall(
        type="function_call", call_id=f"call_{turn}_{next(_ids)}", name=texts.TOOL, arguments=arguments
    )


def _message() -> ResponseOutputMessage:
    text = ResponseOutputText(type="output_text", text=texts.FINAL, annotations=[])
    return ResponseOutputMessage(id="msg_1", type="message", role="assistant", status="completed", content=[text])
