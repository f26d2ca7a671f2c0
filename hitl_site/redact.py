"""Keeps secrets out of the log."""

import re
from typing import Any

from structlog.typing import EventDict, WrappedLogger

STRUCK_OUT = "[struck out]"
SECRET_NAMES = re.compile(r"passw|secret|token$|authorization|cookie|api_?key|credential|session_?(id|key)", re.I)


def strike_out_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace each value, at any depth, whose key names a secret."""
    return {key: _struck(key, value) for key, value in event.items()}


def _struck(key: object, value: Any) -> Any:
    if isinstance(key, str) and SECRET_NAMES.search(key):
        return STRUCK_OUT
    if isinstance(value, dict):
        return {inner: _struck(inner, item) for inner, item in value.items()}
    if isinstance(value, list | tuple):
        return [_struck(None, item) for item in value]
    return value
