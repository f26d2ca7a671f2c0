"""Which call a tool is serving right now."""

from __future__ import annotations

from contextvars import ContextVar

current_call: ContextVar[str | None] = ContextVar("foureyes_call", default=None)


def idempotency_key() -> str:
    """The key of the tool call being executed, ``<run id>:<call id>``: the same however often a crash repeats it.

    Pass it to the remote system, so that a repeated call has one effect. Raises RuntimeError outside a gated tool.
    """
    key = current_call.get()
    if key is None:
        raise RuntimeError("idempotency_key() was called outside a tool of a Foureyes run; call it inside the tool.")
    return key
