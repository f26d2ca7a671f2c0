"""A stateless stand-in for a language model: demos and tests run without a key, a network or a bill."""

from agents_runtime.scripted.conversation import Conversation, Exchange
from agents_runtime.scripted.model import MODEL_NAME, Call, Script, ScriptedModel, Turn

__all__ = ["MODEL_NAME", "Call", "Conversation", "Exchange", "Script", "ScriptedModel", "Turn"]
