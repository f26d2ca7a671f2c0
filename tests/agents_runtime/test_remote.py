"""An approved call that runs at the model provider runs once, whatever dies between the request and its answer."""

import asyncio

import pytest
from agents import HostedMCPTool
from openai.types.responses.mcp_tool_call_error import HTTPError
from openai.types.responses.response_output_item import McpApprovalRequest, McpCall

from agents_runtime.desk import RunDesk
from agents_runtime.sdk import bridge, remote
from agents_runtime.sdk.passage import Passage
from agents_runtime.sdk.recall import Recall, Recalled
from agents_runtime.sdk.remote import NO_OUTPUT
from reviews.states import Kind, RunStatus, ToolCallStatus
from tests.agents_runtime import play
from tests.agents_runtime.stage import Stage
from tests.agents_runtime.test_crashes import Plug, crash

WISH = McpApprovalRequest(
    id="mcpr_1", name="erase", arguments='{"id": 1}', server_label="crm", type="mcp_approval_request"
)
TOOL = {"type": "mcp", "server_label": "crm", "server_url": "https://crm.example", "require_approval": "always"}


@pytest.fixture
def plug(monkeypatch) -> Plug:
    return Plug(monkeypatch)


@pytest.fixture
def provider():
    return Provider()


class Provider:
    """The far end: erases when it is let through, and tells what came of it."""

    def __init__(self) -> None:
        self.erased = 0
        self.meanwhile = lambda: None
        self.error: HTTPError | None = None
        self.tells = True

    def build(self):
        return play.agent(self._play, HostedMCPTool(tool_config=dict(TOOL)))

    def _play(self, seen):
        said = [item for item in seen.items if item.get("type") == "mcp_approval_response"]
        if not said:
            return [WISH]
        if not said[0]["approve"]:
            return f"refused: {said[0].get('reason', '')}"
        self.erased += 1
        self.meanwhile()
        told = McpCall(
            id="mcp_1",
            type="mcp_call",
            name="erase",
            arguments="{}",
            server_label="crm",
            approval_request_id="mcpr_1",
            output=None if self.error else "erased 1",
            error=self.error,
        )
        return [*([told] if self.tells else []), play._message("Done.")]


class TestWhatTheLedgerKeeps:
    def test_is_the_output_that_the_provider_tells(self, stage, provider):
        run = stage.settle(stage.start(provider.build), "approve")

        call = stage.call(run, "mcpr_1")
        assert (run.status, call.status, call.output) == (RunStatus.COMPLETED, ToolCallStatus.DONE, "erased 1")

    def test_is_that_it_ran_where_the_provider_tells_nothing(self, stage, provider):
        provider.tells = False

        run = stage.settle(stage.start(provider.build), "approve")

        assert stage.call(run, "mcpr_1").output == NO_OUTPUT

    def test_is_the_error_that_the_provider_tells(self, stage, provider):
        provider.error = HTTPError(type="http_error", code=404, message="no such record")

        run = stage.settle(stage.start(provider.build), "approve")

        call = stage.call(run, "mcpr_1")
        assert call.status == ToolCallStatus.FAILED and '"message":"no such record"' in call.error

    def test_is_not_written_before_the_provider_has_answered(self, stage, provider, monkeypatch):
        run = stage.start(provider.build)
        came_to = []
        monkeypatch.setattr(RunDesk, "finish", lambda desk, *said: came_to.append((provider.erased, said)))
        provider.meanwhile = lambda: came_to.append("works")

        stage.settle(run, "approve")

        assert came_to == ["works", (1, ("mcpr_1", "erased 1", ""))]

    def test_holds_for_an_agent_used_as_a_tool(self, stage, provider):
        def build():
            inner = provider.build()
            inner.name = "Inner"
            return play.agent(play.first(play.call("inner", "o1", input="go")), inner.as_tool("inner", "Ask."))

        run = stage.settle(stage.start(build), "approve")

        assert (run.status, provider.erased) == (RunStatus.COMPLETED, 1)
        assert stage.call(run, "mcpr_1").status == ToolCallStatus.DONE


class TestDeathWhileTheProviderWorks:
    @pytest.fixture
    def in_doubt(self, stage: Stage, plug: Plug, provider: Provider):
        run = stage.start(provider.build)
        stage.decide(run, "approve")
        plug.stop_after = "begin"
        return stage.advance(crash(stage, plug, run))

    def test_asks_what_became_of_the_call_instead_of_sending_it_again(self, stage, in_doubt, provider):
        assert stage.question(in_doubt).kind == Kind.UNKNOWN_OUTCOME
        assert provider.erased == 0

    def test_sends_it_when_a_person_says_that_it_did_not_happen(self, stage, in_doubt, provider):
        run = stage.settle(in_doubt, "approve")

        assert (run.status, provider.erased) == (RunStatus.COMPLETED, 1)

    def test_tells_the_model_what_a_person_says_that_it_came_to(self, stage, in_doubt, provider):
        run = stage.settle(in_doubt, "override", replacement="erased by hand")

        assert (run.status, provider.erased) == (RunStatus.COMPLETED, 0)
        assert run.result == f"refused: {remote.already_ran('erased by hand')}"


class TestDeathAfterTheProviderAnswered:
    def test_does_not_send_it_again_and_tells_the_model_what_it_came_to(self, stage, plug, provider):
        run = stage.start(provider.build)
        stage.decide(run, "approve")
        plug.stop_after = "finish"

        run = stage.advance(crash(stage, plug, run))

        assert (run.status, provider.erased) == (RunStatus.COMPLETED, 1)
        assert run.result == f"refused: {remote.already_ran('erased 1')}"


class TestRecall:
    def test_waits_for_the_answer_to_what_was_sent(self):
        """A worker that stops does not leave the model while a call runs there: nobody would know what it did."""

        class Ledger:
            finished: list[str] = []

            def begin(self, call_id, tool):
                return None

            def finish(self, call_id, output, error):
                self.finished.append(output)

        async def work(here):
            await remote.send(here, "c1", "erase")
            here.recall.tell("This worker stops.")
            await asyncio.sleep(0.05)  # time for the recall to be heard
            await remote.came_back(here)
            await asyncio.sleep(20)

        here = Passage(Ledger(), recall=Recall())

        async def run():
            return await here.run(work(here))

        with pytest.raises(Recalled, match="This worker stops"):
            bridge.run(run())
        assert Ledger.finished == [NO_OUTPUT]
