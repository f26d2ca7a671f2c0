"""Which model answers, and over which client."""

import asyncio

import pytest
from agents import Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel
from agents.models import get_default_model
from openai import OpenAIError

from agents_runtime import llm
from agents_runtime.scripted import ScriptedModel


def script(talk):
    return "scripted words"


@pytest.fixture(autouse=True)
def bare(settings, monkeypatch):
    """Neither a model nor a key is configured, whatever the shell says."""
    settings.FOUREYES_MODEL = ""
    settings.FOUREYES_API = "responses"
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")


async def found(provider, name="some-model"):
    return provider.get_model(name)


async def client_of(provider):
    return provider.get_model("some-model")._client


class TestModel:
    def test_plays_the_script_when_nothing_is_configured(self):
        model = llm.model(script)

        assert llm.is_scripted()
        assert isinstance(model, ScriptedModel)
        assert model.script is script

    def test_is_the_sdks_default_when_there_is_only_a_key(self, key):
        assert not llm.is_scripted()
        assert llm.model(script) is None

    def test_is_the_configured_one(self, settings):
        settings.FOUREYES_MODEL = "some-model"

        assert not llm.is_scripted()
        assert llm.model(script) == "some-model"

    def test_plays_the_script_on_request_even_when_there_is_a_key(self, settings, key):
        settings.FOUREYES_MODEL = "scripted"

        assert llm.is_scripted()
        assert isinstance(llm.model(script), ScriptedModel)

    def test_plays_the_script_when_the_settings_do_not_exist(self, settings):
        del settings.FOUREYES_MODEL
        del settings.FOUREYES_API

        assert llm.is_scripted()


class TestNameOf:
    def test_says_scripted_for_a_script(self):
        agent = Agent(name="A", model=llm.model(script))

        assert llm.plays_script(agent)
        assert llm.name_of(agent) == "scripted"

    def test_is_the_configured_name(self):
        agent = Agent(name="A", model="some-model")

        assert not llm.plays_script(agent)
        assert llm.name_of(agent) == "some-model"

    def test_is_the_sdks_default_when_none_is_configured(self):
        assert llm.name_of(Agent(name="A")) == get_default_model()

    def test_asks_a_model_object_for_its_name(self, key):
        agent = Agent(name="A", model=asyncio.run(found(llm.provider())))

        assert llm.name_of(agent) == "some-model"


class TestProvider:
    @pytest.mark.parametrize(
        ("api", "kind"), [("responses", OpenAIResponsesModel), ("chat", OpenAIChatCompletionsModel)]
    )
    def test_speaks_the_configured_api(self, settings, key, api, kind):
        settings.FOUREYES_API = api

        assert isinstance(asyncio.run(found(llm.provider())), kind)

    def test_refuses_an_api_it_does_not_know(self, settings):
        settings.FOUREYES_API = "telegraph"

        with pytest.raises(ValueError, match="telegraph"):
            llm.provider()

    def test_goes_where_the_environment_says(self, key, monkeypatch):
        monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
        client = asyncio.run(client_of(llm.provider()))

        assert str(client.base_url) == "http://127.0.0.1:9/v1/"
        assert client.api_key == "sk-test"

    def test_needs_no_key_until_a_model_is_looked_up(self):
        provider = llm.provider()

        with pytest.raises(OpenAIError, match="OPENAI_API_KEY"):
            asyncio.run(found(provider))


class TestClients:
    def test_are_shared_by_the_models_of_one_loop(self, key):
        async def two():
            return await client_of(llm.provider()), await client_of(llm.provider())

        first, second = asyncio.run(two())

        assert first is second

    def test_are_never_taken_from_one_loop_to_another(self, key):
        first, second = (asyncio.run(client_of(llm.provider())) for _ in range(2))

        assert first is not second

    def test_are_forgotten_with_the_loop_that_used_them(self, key):
        provider = llm.PerLoopProvider(use_responses=True)
        for _ in range(5):
            asyncio.run(found(provider))

        assert len(provider._clients) == 1

    def test_are_closed_on_request(self, key):
        provider = llm.PerLoopProvider(use_responses=True)

        async def use_and_close():
            client = await client_of(provider)
            await provider.aclose()
            return client

        assert asyncio.run(use_and_close()).is_closed()
        assert provider._clients == {}

    def test_need_not_exist_to_be_closed(self):
        asyncio.run(llm.PerLoopProvider(use_responses=True).aclose())
