"""Calls that run at the model provider: all we see of one is the request that lets it through, and the answer to it.

So the call is under way from before that request until the model has answered. A worker that dies in between leaves it
started in the ledger, and a person is asked what became of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from openai.types.responses.response_output_item import McpCall

from agents_runtime.sdk.passage import Passage

NO_OUTPUT = "Ran at the model provider."


async def send(here: Passage, call_id: str, tool: str) -> None:
    """The next request to the model lets the call through; from here on the advance is not given up."""
    await here.ask(here.desk.begin, call_id, tool)
    here.sent.add(call_id)


async def came_back(here: Passage, items: Sequence[Any] = ()) -> None:
    """The model has answered, and what was let through has run. ``items`` are its answer, where it is at hand."""
    ran = {item.approval_request_id: item for item in items if isinstance(item, McpCall)}
    while here.sent:
        call_id = min(here.sent)
        item = ran.get(call_id)
        output = NO_OUTPUT if item is None or item.output is None else item.output
        with here.finishing():
            here.sent.remove(call_id)
            await here.ask(
                here.desk.finish, call_id, output, item.error.model_dump_json() if item and item.error else ""
            )


def already_ran(output: str) -> str:
    """What the model is told of a call that a worker had sent before it died: letting it through would repeat it."""
    return f"This call was let through before and has run, so it is not sent again. Its output: {output}"
