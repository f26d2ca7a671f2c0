"""A Model that answers by a script: a plain function from the conversation so far to the next turn."""

import hashlib
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from agents import Handoff, Model, ModelResponse, ModelSettings, ModelTracing, Tool, Usage, generation_span
from agents.agent_output import AgentOutputSchemaBase
from agents.items import TResponseInputItem, TResponseOutputItem, TResponseStreamEvent
from openai.types.responses import (
    Response,
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
    ResponseUsage,
)
from openai.types.responses.response_prompt_param import ResponsePromptParam
from openai.types.responses.response_usage import InputTokensDetails, OutputTokensDetails

from agents_runtime.scripted.conversation import Conversation
from agents_runtime.scripted.stream import events

MODEL_NAME = "scripted"
CHARACTERS_PER_TOKEN = 4  # the usual rule of thumb for English text


@dataclass(frozen=True)
class Call:
    """One tool call the script wants to make."""

    tool: str
    arguments: dict[str, Any]


Turn = str | Call | Sequence[Call]
Script = Callable[[Conversation], Turn]


class ScriptedModel(Model):
    """Plays a script. It keeps nothing between calls, so a run may move between processes at any point."""

    def __init__(self, script: Script) -> None:
        self.script = script

    async def get_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff[Any, Any]],
        tracing: ModelTracing,
        *,
        previous_response_id: str | None = None,
        conversation_id: str | None = None,
        prompt: ResponsePromptParam | None = None,
    ) -> ModelResponse:
        response = self._respond(system_instructions, input, tools, tracing)
        assert response.usage is not None
        usage = Usage(
            requests=1,
            input_tokens=response.usage.input_tokens,
            output_tokens=response.usage.output_tokens,
            total_tokens=response.usage.total_tokens,
        )
        return ModelResponse(output=response.output, usage=usage, response_id=response.id)

    async def stream_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff[Any, Any]],
        tracing: ModelTracing,
        *,
        previous_response_id: str | None = None,
        conversation_id: str | None = None,
        prompt: ResponsePromptParam | None = None,
    ) -> AsyncIterator[TResponseStreamEvent]:
        for event in events(self._respond(system_instructions, input, tools, tracing)):
            yield event

    def _respond(
        self,
        instructions: str | None,
        input: str | list[TResponseInputItem],
        tools: list[Tool],
        tracing: ModelTracing,
    ) -> Response:
        """Ask the script and record the step; the span closes before anything is streamed."""
        items: list[Any] = [{"role": "user", "content": input}] if isinstance(input, str) else list(input)
        conversation = Conversation(items, instructions or "", tuple(tool.name for tool in tools))
        with generation_span(model=MODEL_NAME, disabled=tracing.is_disabled()) as span:
            if tracing.include_data():
                span.span_data.input = items
            response = answer(conversation, self.script(conversation))
            assert response.usage is not None
            span.span_data.usage = response.usage.model_dump()
            if tracing.include_data():
                span.span_data.output = [item.model_dump(exclude_none=True) for item in response.output]
        return response


def answer(conversation: Conversation, turn: Turn) -> Response:
    """The turn in the form of a model's response.

    Ids are a digest of the conversation, so the same question gets the same ids in every process, and nested agents
    and parallel calls, which share one run, get different ones. An agent used as a tool twice in one run with the very
    same words would repeat itself: ask it in other words the second time.
    """
    seen = conversation.essence()
    digest = hashlib.sha256(seen.encode()).hexdigest()[:24]
    output = _output(turn, digest)
    said = "".join(item.model_dump_json(include={"name", "arguments", "content"}) for item in output)
    return Response(
        id=f"resp_{digest}",
        object="response",
        created_at=time.time(),
        model=MODEL_NAME,
        status="completed",
        output=output,
        parallel_tool_calls=True,
        tool_choice="auto",
        tools=[],
        usage=_usage(_tokens(seen), _tokens(said)),
    )


def _output(turn: Turn, digest: str) -> list[TResponseOutputItem]:
    if isinstance(turn, str):
        text = ResponseOutputText(type="output_text", text=turn, annotations=[])
        message = ResponseOutputMessage(
            id=f"msg_{digest}", type="message", role="assistant", status="completed", content=[text]
        )
        return [message]
    calls = [turn] if isinstance(turn, Call) else turn
    return [
        ResponseFunctionToolCall(
            type="function_call",
            id=f"fc_{digest}_{index}",
            call_id=f"call_{digest}_{index}",
            name=call.tool,
            arguments=json.dumps(call.arguments),
            status="completed",
        )
        for index, call in enumerate(calls)
    ]


def _usage(read: int, written: int) -> ResponseUsage:
    return ResponseUsage(
        input_tokens=read,
        output_tokens=written,
        total_tokens=read + written,
        input_tokens_details=InputTokensDetails(cached_tokens=0, cache_write_tokens=0),
        output_tokens_details=OutputTokensDetails(reasoning_tokens=0),
    )


def _tokens(text: str) -> int:
    return -(-len(text) // CHARACTERS_PER_TOKEN)
