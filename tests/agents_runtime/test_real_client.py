"""Runs through OpenAI's own client and HTTP, both interfaces, whole and streamed."""

import pytest
from agents import Agent, OpenAIChatCompletionsModel, function_tool
from openai import AsyncOpenAI

from agents_runtime.scripted import Call, Conversation
from agents_runtime.sdk import bridge
from reviews.states import RunStatus
from tests.openai_server import OpenAIServer


def script(conversation: Conversation):
    """Refund at once; then say what came back and what was added."""
    if not conversation.exchanges:
        return [Call("refund", {"amount": 50}), Call("lookup", {"order": "O-1"})]
    return " | ".join([one.output for one in conversation.exchanges] + conversation.notes)


@pytest.fixture(params=["responses", "chat"])
def api(request, settings):
    """Which of the two interfaces the run speaks."""
    settings.FOUREYES_API = request.param
    return request.param


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def stream(request, settings):
    """Whether the answer comes piece by piece."""
    settings.FOUREYES_STREAM = request.param
    return request.param


@pytest.fixture
def server(monkeypatch):
    """The API on this machine, and the environment that leads to it."""
    with OpenAIServer(script) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        yield running


@pytest.fixture
def ran() -> list[int]:
    """The amounts that were really refunded."""
    return []


@pytest.fixture
def build(ran):
    @function_tool(needs_approval=True)
    def refund(amount: int) -> str:
        ran.append(amount)
        return f"refunded {amount}"

    @function_tool
    def lookup(order: str) -> str:
        return f"{order} is paid"

    return lambda: Agent(name="Clerk", instructions="Be kind.", tools=[refund, lookup], model="gpt-test")


@pytest.mark.usefixtures("api", "stream")
class TestARun:
    def test_pauses_and_goes_on_after_the_approval(self, stage, server, build, ran):
        run = stage.start(build)
        assert (run.status, ran) == (RunStatus.AWAITING_REVIEW, [])

        run = stage.decide(run, "approve").intervention.run
        run = stage.advance(run)

        assert (run.status, ran) == (RunStatus.COMPLETED, [50])
        assert run.result == "refunded 50 | O-1 is paid"
        assert run.model == "gpt-test"

    def test_reads_edits_feedback_and_context(self, stage, server, build, ran):
        run = stage.settle(stage.start(build), "edit", replacement={"amount": 5}, context="Hurry.")

        assert ran == [5]
        assert "The tool ran with" in run.result
        assert run.result.endswith(" | Hurry.")

    def test_counts_its_tokens(self, stage, server, build):
        run = stage.settle(stage.start(build), "reject", note="No.")

        assert run.usage["requests"] == 2
        assert run.usage["input_tokens"] > 0

    def test_fails_with_the_servers_words_when_it_refuses(self, stage, server, build):
        server.fail(400, "No such model: gpt-test")

        run = stage.start(build)

        assert (run.status, run.error_code) == (RunStatus.FAILED, "model_error")
        assert "No such model" in run.error


class TestTheInterface:
    @pytest.mark.parametrize("api, path", [("responses", "/v1/responses"), ("chat", "/v1/chat/completions")])
    def test_is_the_one_of_the_settings(self, stage, server, build, settings, api, path):
        settings.FOUREYES_API = api

        stage.start(build)

        assert [request.path for request in server.requests] == [path]

    @pytest.mark.parametrize("stream", [False, True])
    def test_is_streamed_where_the_settings_say_so(self, stage, server, build, settings, stream):
        settings.FOUREYES_STREAM = stream

        stage.start(build)

        assert bool(server.requests[0].body.get("stream")) is stream


class TestClients:
    def test_of_the_author_may_be_kept_from_advance_to_advance(self, stage, server, build):
        client = AsyncOpenAI()  # made once for the process, as examples of the SDK do
        run = stage.start(lambda: build().clone(model=OpenAIChatCompletionsModel("gpt-test", client)))

        run = stage.settle(run, "approve")
        bridge.run(client.close())

        assert (run.status, run.error) == (RunStatus.COMPLETED, "")

    def test_are_shared_by_all_advances_of_the_process(self, stage, server, build, monkeypatch):
        made: list[AsyncOpenAI] = []
        make = AsyncOpenAI.__init__
        monkeypatch.setattr(AsyncOpenAI, "__init__", lambda client: made.append(client) or make(client))

        runs = [stage.start(build) for _ in range(2)]
        runs = [stage.settle(run, "approve") for run in runs]

        assert [run.status for run in runs] == [RunStatus.COMPLETED] * 2
        assert len(made) == 1

    def test_without_a_key_fail_the_run_and_say_so(self, stage, build, monkeypatch):
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)

        run = stage.start(build)

        assert (run.status, run.error_code) == (RunStatus.FAILED, "model_error")
        assert "OPENAI_API_KEY" in run.error
