"""Agents in workers. What a developer imports: ``from agents_runtime import register, ask_human, idempotency_key``."""

from agents_runtime.registry import register
from agents_runtime.sdk import ask_human, idempotency_key

__all__ = ["ask_human", "idempotency_key", "register"]
