"""How demo records become text for a model, and how demo receipts get their numbers."""

import json
import zlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def as_json(record: "DataclassInstance") -> str:
    """The record as a model reads it: an indented JSON object."""
    return json.dumps(asdict(record), indent=2)


def number(prefix: str, *parts: Any) -> str:
    """A receipt number such as RF-48213, the same for the same parts in every process."""
    return f"{prefix}-{zlib.crc32(repr(parts).encode()) % 90_000 + 10_000}"
