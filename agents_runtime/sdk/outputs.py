"""Tool outputs as JSON for the ledger and back, and the note that tells the model what a human changed."""

from __future__ import annotations

import json
from typing import Any

from agents import ToolOutputFileContent, ToolOutputImage, ToolOutputText
from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError, to_jsonable_python

STRUCTURED = "$tool_output"
_parts: TypeAdapter[list[Any]] = TypeAdapter(list[ToolOutputText | ToolOutputImage | ToolOutputFileContent])
PART = (ToolOutputText, ToolOutputImage, ToolOutputFileContent)


def encode(output: Any) -> Any:
    """The output as JSON; text stays text, images and files keep their type."""
    if isinstance(output, PART):
        return {STRUCTURED: _parts.dump_python([output], mode="json")}
    if isinstance(output, list) and output and all(isinstance(part, PART) for part in output):
        return {STRUCTURED: _parts.dump_python(output, mode="json")}
    try:
        return to_jsonable_python(output)
    except PydanticSerializationError:
        return str(output)


def decode(output: Any) -> Any:
    """What the SDK should be handed for a stored output."""
    if isinstance(output, dict) and STRUCTURED in output:
        return _parts.validate_python(output[STRUCTURED])
    return output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)


def annotated(output: Any, arguments: Any) -> Any:
    """The output of an edited call, told in front of it with which arguments it really ran."""
    note = f"[A human reviewer changed the arguments. The tool ran with {json.dumps(arguments, ensure_ascii=False)}]"
    if isinstance(output, PART):
        return [ToolOutputText(text=note), output]
    if isinstance(output, list) and output and all(isinstance(part, PART) for part in output):
        return [ToolOutputText(text=note), *output]
    text = output if isinstance(output, str) else json.dumps(encode(output), ensure_ascii=False)
    return f"{note}\n{text}"
