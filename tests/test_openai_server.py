"""The local stand-in for OpenAI's API, met by the real client and the real SDK runner."""

import asyncio
import json

import httpx2
import openai
import pytest
from agents import Agent, RunConfig, Runner, RunState, function_tool
from openai import OpenAI

from agents_runtime import llm
from agents_runtime.scripted import Call
from tests.agents_runtime.traces import recorded
from tests.openai_server import OpenAIServer

QUESTION = [{"role": "user", "content": "How warm is it in Bonn?"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def weather(talk):
    """Asks for two cities at once, then reports."""
    if "get_weather" in talk.tools and not talk.exchanges:
        return [Call("get_weather", {"city": "Bonn"}), Call("get_weather", {"city": "Köln"})]
    return f"{talk.instructions}Weather: {', '.join(e.output for e in talk.exchanges) or 'unknown'}."


@pytest.fixture(autouse=True)
def recorder():
    with recorded() as recorder:
        yield recorder


@pytest.fixture
def server():
    with OpenAIServer(weather) as server:
        yield server


@pytest.fixture
def client(server):
    with OpenAI(base_url=server.url, api_key="sk-test", max_retries=0) as client:
        yield client


class TestResponses:
    TOOL = {"type": "function", "name": "get_weather", "parameters": SCHEMA, "strict": False}

    def test_says_text(self, client):
        response = client.responses.create(model="m-1", instructions="Brief. ", input="How warm is it?")

        assert response.output_text == "Brief. Weather: unknown."
        assert response.model == "m-1"
        assert response.usage.total_tokens > 0

    def test_calls_tools_in_parallel_and_reads_their_outputs(self, client):
        first = client.responses.create(model="m-1", input=QUESTION, tools=[self.TOOL])
        outputs = [
            {"type": "function_call_output", "call_id": call.call_id, "output": f"{degrees}°"}
            for call, degrees in zip(first.output, (21, 19), strict=True)
        ]
        asked = [call.model_dump() for call in first.output]
        second = client.responses.create(model="m-1", input=[*QUESTION, *asked, *outputs], tools=[self.TOOL])

        assert [json.loads(call.arguments)["city"] for call in first.output] == ["Bonn", "Köln"]
        assert second.output_text == "Weather: 21°, 19°."

    def test_streams_the_same_words(self, client):
        with client.responses.stream(model="m-1", input="How warm is it?") as stream:
            words = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
            final = stream.get_final_response()

        assert words == final.output_text == "Weather: unknown."


class TestChat:
    TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}

    def test_says_text(self, client):
        messages = [{"role": "system", "content": "Brief. "}, *QUESTION]
        completion = client.chat.completions.create(model="m-1", messages=messages)

        assert completion.choices[0].message.content == "Brief. Weather: unknown."
        assert completion.choices[0].finish_reason == "stop"
        assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens

    def test_calls_tools_in_parallel_and_reads_their_outputs(self, client):
        first = client.chat.completions.create(model="m-1", messages=QUESTION, tools=[self.TOOL])
        asked = first.choices[0].message
        outputs = [
            {"role": "tool", "tool_call_id": call.id, "content": f"{degrees}°"}
            for call, degrees in zip(asked.tool_calls, (21, 19), strict=True)
        ]
        messages = [*QUESTION, asked.model_dump(exclude_none=True), *outputs]
        second = client.chat.completions.create(model="m-1", messages=messages, tools=[self.TOOL])

        assert first.choices[0].finish_reason == "tool_calls"
        assert second.choices[0].message.content == "Weather: 21°, 19°."

    def test_streams_text_in_pieces(self, client):
        with client.chat.completions.create(model="m-1", messages=QUESTION, stream=True) as stream:
            pieces = [chunk.choices[0].delta.content for chunk in stream if chunk.choices[0].delta.content]

        assert len(pieces) > 1
        assert "".join(pieces) == "Weather: unknown."

    def test_streams_the_arguments_of_each_call_in_pieces(self, client):
        arguments = {0: "", 1: ""}
        with client.chat.completions.create(model="m", messages=QUESTION, tools=[self.TOOL], stream=True) as stream:
            for chunk in stream:
                for call in chunk.choices[0].delta.tool_calls or []:
                    arguments[call.index] += call.function.arguments

        assert [json.loads(text)["city"] for text in arguments.values()] == ["Bonn", "Köln"]

    @pytest.mark.parametrize("wanted", [True, False])
    def test_sends_the_usage_of_a_stream_only_when_asked(self, client, wanted):
        options = {"stream_options": {"include_usage": True}} if wanted else {}
        with client.chat.completions.create(model="m", messages=QUESTION, stream=True, **options) as stream:
            usages = [chunk.usage for chunk in stream if chunk.usage]

        assert len(usages) == wanted


class TestCalls:
    def test_carry_no_field_the_real_api_does_not_send(self, server):
        tool = {"type": "function", "name": "get_weather", "parameters": SCHEMA}
        response = httpx2.post(
            f"{server.url}/responses",
            json={"model": "m-1", "input": QUESTION, "tools": [tool]},
            headers={"Authorization": "Bearer sk-test"},
        )

        known = {"type", "id", "call_id", "name", "arguments", "status"}
        assert [set(call) for call in response.json()["output"]] == [known, known]


class TestRefusals:
    def test_meets_a_request_without_a_key_with_401(self, server):
        response = httpx2.post(f"{server.url}/responses", json={"model": "m-1", "input": "hello"})

        assert response.status_code == 401
        assert "API key" in response.json()["error"]["message"]

    def test_meets_an_unknown_url_with_404(self, client):
        with pytest.raises(openai.NotFoundError, match="/v1/embeddings"):
            client.embeddings.create(model="m-1", input="hello")

    @pytest.mark.parametrize(("status", "error"), [(429, openai.RateLimitError), (500, openai.InternalServerError)])
    def test_fails_as_told_and_recovers(self, server, client, status, error):
        server.fail(status, "Too busy to think")

        with pytest.raises(error, match="Too busy to think"):
            client.responses.create(model="m-1", input="hello")
        assert client.responses.create(model="m-1", input="hello").output_text

    def test_keeps_a_record_of_what_it_was_asked(self, server, client):
        client.responses.create(model="m-1", input="hello")
        client.chat.completions.create(model="m-2", messages=QUESTION)

        assert [request.path for request in server.requests] == ["/v1/responses", "/v1/chat/completions"]
        assert [request.body["model"] for request in server.requests] == ["m-1", "m-2"]


@function_tool
def get_weather(city: str) -> str:
    """Measure."""
    return f"{city} 20°"


@pytest.fixture(params=["responses", "chat"])
def configured(request, server, settings, monkeypatch):
    """The settings a deployment would have: a key, a base URL, a model, one of the two APIs."""
    settings.FOUREYES_API = request.param
    settings.FOUREYES_MODEL = "some-model"
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    return server


def run(agent, *, start=None):
    """One run over a client that is closed at the end; `start` may do something else than run it whole."""

    async def go():
        provider = llm.provider()
        config = RunConfig(model_provider=provider)
        try:
            return await (start(config) if start else Runner.run(agent, "How warm?", run_config=config))
        finally:
            await provider.aclose()

    return asyncio.run(go())


class TestRunner:
    """The way a deployed agent goes: settings, provider, real client, HTTP."""

    @pytest.fixture
    def agent(self, configured):
        return Agent(name="Weather", model=llm.model(weather), tools=[get_weather])

    def test_reaches_a_final_answer(self, agent, configured):
        assert run(agent).final_output == "Weather: Bonn 20°, Köln 20°."
        assert {request.body["model"] for request in configured.requests} == {"some-model"}

    def test_reaches_the_same_answer_streamed(self, agent, configured):
        async def start(config):
            result = Runner.run_streamed(agent, "How warm?", run_config=config)
            return result, [event.type async for event in result.stream_events()]

        result, kinds = run(agent, start=start)

        assert result.final_output == "Weather: Bonn 20°, Köln 20°."
        assert "raw_response_event" in kinds
        assert all(request.body["stream"] for request in configured.requests)

    def test_counts_the_tokens_of_both_requests(self, agent):
        usage = run(agent).context_wrapper.usage

        assert usage.requests == 2
        assert usage.total_tokens == usage.input_tokens + usage.output_tokens > 0

    def test_works_again_in_another_event_loop(self, agent):
        assert [run(agent).final_output for _ in range(3)] == ["Weather: Bonn 20°, Köln 20°."] * 3

    def test_pauses_for_approval_and_goes_on_from_json(self, configured):
        measure = function_tool(lambda city: f"{city} 20°", name_override="get_weather", needs_approval=True)
        agent = Agent(name="Weather", model="some-model", tools=[measure])

        async def start(config):
            paused = await Runner.run(agent, "How warm?", run_config=config)
            assert len(paused.to_state().get_interruptions()) == 2
            state = await RunState.from_json(agent, json.loads(json.dumps(paused.to_state().to_json())))
            approved, rejected = state.get_interruptions()
            state.approve(approved)
            state.reject(rejected, rejection_message="rejected: too far")
            return await Runner.run(agent, state, run_config=config)

        assert run(agent, start=start).final_output == "Weather: Bonn 20°, rejected: too far."

    def test_reports_an_error_of_the_model(self, agent, configured):
        configured.fail(400, "This model does not exist")

        with pytest.raises(openai.BadRequestError, match="does not exist"):
            run(agent)

    def test_survives_an_error_that_passes(self, agent, configured):
        configured.fail(500)

        assert run(agent).final_output == "Weather: Bonn 20°, Köln 20°."
        assert len(configured.requests) == 3
