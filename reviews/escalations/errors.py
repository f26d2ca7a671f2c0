"""What is said about a policy of time that cannot be used, by key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class BadEscalation(ValueError):
    """An escalation policy cannot be used; ``errors`` maps each key, such as ``steps.2.at``, to what is wrong."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__(" ".join(f"{key}: {text}" for key, text in errors.items()))


def kept(errors: dict[str, str], key: str, reader: Callable[[Any], Any], value: Any) -> Any:
    """The value as the reader makes it; what the reader finds wrong is kept under its key."""
    try:
        return reader(value)
    except (ValueError, TypeError) as error:
        errors[key] = f"{str(error)[:1].upper()}{str(error)[1:]}."
    return None


def number(least: int, most: int) -> Callable[[Any], int]:
    """A reader of whole numbers in that range."""

    def reader(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"write a whole number from {least} to {most}")
        return value

    return reader
