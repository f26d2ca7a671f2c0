"""A finished response told as a stream: the events a real model sends while it writes."""

import re
from collections.abc import Iterator
from itertools import count
from typing import Any

from agents.items import TResponseStreamEvent
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseContentPartAddedEvent,
    ResponseContentPartDoneEvent,
    ResponseCreatedEvent,
    ResponseFunctionCallArgumentsDeltaEvent,
    ResponseFunctionCallArgumentsDoneEvent,
    ResponseFunctionToolCall,
    ResponseOutputItem,
    ResponseOutputItemAddedEvent,
    ResponseOutputItemDoneEvent,
    ResponseOutputMessage,
    ResponseTextDeltaEvent,
    ResponseTextDoneEvent,
)
from openai.types.responses.response_output_text import ResponseOutputText

WORD = re.compile(r"\s*\S+|\s+$")  # with the space before it


def events(response: Response) -> Iterator[TResponseStreamEvent]:
    """Created, then each item as it grows, then completed; numbered from zero without a gap."""
    number = count()
    begun = response.model_copy(update={"output": [], "status": "in_progress", "usage": None})
    yield ResponseCreatedEvent(type="response.created", response=begun, sequence_number=next(number))
    for index, item in enumerate(response.output):
        yield ResponseOutputItemAddedEvent(
            type="response.output_item.added", item=_empty(item), output_index=index, sequence_number=next(number)
        )
        yield from _growth(item, index, number)
        yield ResponseOutputItemDoneEvent(
            type="response.output_item.done", item=item, output_index=index, sequence_number=next(number)
        )
    yield ResponseCompletedEvent(type="response.completed", response=response, sequence_number=next(number))


def _empty(item: ResponseOutputItem) -> ResponseOutputItem:
    if isinstance(item, ResponseFunctionToolCall):
        return item.model_copy(update={"arguments": "", "status": "in_progress"})
    return item.model_copy(update={"content": [], "status": "in_progress"})


def _growth(item: ResponseOutputItem, index: int, number: Iterator[int]) -> Iterator[TResponseStreamEvent]:
    if isinstance(item, ResponseFunctionToolCall):
        yield from _arguments(item, index, number)
    elif isinstance(item, ResponseOutputMessage):
        for part, content in enumerate(item.content):
            if isinstance(content, ResponseOutputText):
                yield from _text(item.id, content, index, part, number)


def _arguments(call: ResponseFunctionToolCall, index: int, number: Iterator[int]) -> Iterator[TResponseStreamEvent]:
    yield ResponseFunctionCallArgumentsDeltaEvent(
        type="response.function_call_arguments.delta",
        delta=call.arguments,
        item_id=call.id or "",
        output_index=index,
        sequence_number=next(number),
    )
    yield ResponseFunctionCallArgumentsDoneEvent(
        type="response.function_call_arguments.done",
        arguments=call.arguments,
        item_id=call.id or "",
        output_index=index,
        sequence_number=next(number),
    )


def _text(
    item_id: str, content: ResponseOutputText, index: int, part: int, number: Iterator[int]
) -> Iterator[TResponseStreamEvent]:
    """One part of a message: opened empty, filled word by word, closed."""
    place: dict[str, Any] = {"item_id": item_id, "output_index": index, "content_index": part}
    yield ResponseContentPartAddedEvent(
        type="response.content_part.added",
        part=content.model_copy(update={"text": ""}),
        sequence_number=next(number),
        **place,
    )
    for word in WORD.findall(content.text):
        yield ResponseTextDeltaEvent(
            type="response.output_text.delta", delta=word, logprobs=[], sequence_number=next(number), **place
        )
    yield ResponseTextDoneEvent(
        type="response.output_text.done", text=content.text, logprobs=[], sequence_number=next(number), **place
    )
    yield ResponseContentPartDoneEvent(
        type="response.content_part.done", part=content, sequence_number=next(number), **place
    )
