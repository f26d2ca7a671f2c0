"""Which model answers: the one configured, or the demo's script when none is."""

import asyncio
import os
from functools import cache
from typing import Any

from agents import Agent, Model, ModelProvider, OpenAIProvider
from agents.models import get_default_model
from django.conf import settings
from openai import AsyncOpenAI

from agents_runtime.scripted import MODEL_NAME, Script, ScriptedModel


def is_scripted() -> bool:
    """True when demo agents play their scripts: no model and no key is set, or the model is called "scripted"."""
    name = _configured()
    return name == MODEL_NAME or not (name or os.environ.get("OPENAI_API_KEY"))


def model(script: Script) -> Model | str | None:
    """What to give `Agent(model=…)`: the script, the configured model's name, or None for the SDK's default model."""
    return ScriptedModel(script) if is_scripted() else _configured() or None


def provider() -> ModelProvider:
    """Where model names are looked up: OPENAI_BASE_URL, spoken to through the API that FOUREYES_API names."""
    api = getattr(settings, "FOUREYES_API", "responses")
    if api not in {"responses", "chat"}:
        raise ValueError(f'FOUREYES_API is "responses" or "chat", not {api!r}')
    return _provider(use_responses=api == "responses")


def plays_script(agent: Agent[Any]) -> bool:
    """True when no real model answers for the agent; pages say so."""
    return isinstance(agent.model, ScriptedModel)


def name_of(agent: Agent[Any]) -> str:
    """The name of the agent's model, for people to read."""
    if plays_script(agent):
        return MODEL_NAME
    if isinstance(agent.model, Model):
        return str(getattr(agent.model, "model", type(agent.model).__name__))
    return agent.model or get_default_model()


def _configured() -> str:
    return getattr(settings, "FOUREYES_MODEL", "") or ""


class PerLoopProvider(ModelProvider):
    """Gives every event loop a client of its own: a connection dies with the loop it was opened on."""

    def __init__(self, *, use_responses: bool) -> None:
        self._use_responses = use_responses
        self._clients: dict[asyncio.AbstractEventLoop, AsyncOpenAI] = {}

    def get_model(self, model_name: str | None) -> Model:
        """The model by name, over the running loop's client; raises OpenAIError when no key is set."""
        openai = OpenAIProvider(openai_client=self._client(), use_responses=self._use_responses)
        return openai.get_model(model_name)

    async def aclose(self) -> None:
        """Close the running loop's client, if it has one."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.close()

    def _client(self) -> AsyncOpenAI:
        for loop in list(self._clients):
            if loop.is_closed():
                self._clients.pop(loop, None)
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            self._clients[loop] = AsyncOpenAI()
        return self._clients[loop]


@cache
def _provider(*, use_responses: bool) -> PerLoopProvider:
    return PerLoopProvider(use_responses=use_responses)
