"""Outputs as JSON for the ledger and back, their schemas, and the note that tells the model what a human changed."""

from __future__ import annotations

import json
from typing import Any

from agents import AgentOutputSchemaBase, ToolOutputFileContent, ToolOutputImage, ToolOutputText
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from reviews.actions.text import storable

STRUCTURED = "$tool_output"
Part = ToolOutputText | ToolOutputImage | ToolOutputFileContent
_part: TypeAdapter[Part] = TypeAdapter(Part)


def encode(output: Any) -> Any:
    """The output as JSON; text stays text, images and files keep their type. Never raises: the tool has run."""
    if isinstance(output, str):
        return output
    try:
        if parts := _parts(output):
            return {STRUCTURED: [part.model_dump(mode="json") for part in parts]}
        return storable(to_jsonable_python(output))
    except Exception:
        return storable(_text(output))


def decode(output: Any) -> Any:
    """What the SDK should be handed for a stored output."""
    if isinstance(output, dict) and set(output) == {STRUCTURED}:
        return [_part.validate_python(part) for part in output[STRUCTURED]]
    return output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)


def speakable(output: Any, kept: Any) -> Any:
    """The output if the SDK will be able to make a text of it, else what the ledger keeps of it."""
    try:
        str(output)
    except Exception:
        return decode(kept)
    return output


def annotated(output: Any, arguments: Any) -> Any:
    """The output of an edited call, told in front of it with which arguments it really ran."""
    note = f"[A human reviewer changed the arguments. The tool ran with {json.dumps(arguments, ensure_ascii=False)}]"
    if parts := _parts(output):
        return [ToolOutputText(text=note), *parts]
    text = output if isinstance(output, str) else json.dumps(encode(output), ensure_ascii=False)
    return f"{note}\n{text}"


def schema_of(kind: type[Any] | AgentOutputSchemaBase | None, output: Any) -> dict[str, Any]:
    """The schema of a reviewed output: ``{"output": …}`` as the agent's output type has it, else text or anything."""
    inner = _schema(kind, output)
    definitions = inner.pop("$defs", None)
    schema = {"type": "object", "properties": {"output": inner}, "required": ["output"], "additionalProperties": False}
    return schema | ({"$defs": definitions} if definitions else {})


def _schema(kind: Any, output: Any) -> dict[str, Any]:
    kind = getattr(kind, "output_type", kind)  # an AgentOutputSchema wraps what is no object
    if isinstance(kind, AgentOutputSchemaBase):
        return dict(kind.json_schema())
    if kind is None or kind is str:
        return {"type": "string"} if isinstance(output, str) else {}  # a tool's result may have ended the run
    return TypeAdapter(kind).json_schema()


def _text(output: Any) -> Any:
    try:
        return str(output)
    except Exception:
        return output  # nested too deeply, or unable to tell what it is: written part by part


def _parts(output: Any) -> list[Part]:
    """The text, image and file parts that the SDK will see in an output; none when it is anything else."""
    items = list(output) if isinstance(output, (list, tuple)) else [output]
    try:
        return [_part.validate_python(item) for item in items] if all(map(_is_part, items)) else []
    except ValidationError:
        return []


def _is_part(item: Any) -> bool:
    return isinstance(item, Part) or (isinstance(item, dict) and "type" in item)
