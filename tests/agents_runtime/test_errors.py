"""What goes wrong, in a word for programs and a sentence for people."""

import asyncio

import openai
import pytest
from agents import (
    Agent,
    GuardrailFunctionOutput,
    ModelBehaviorError,
    ToolGuardrailFunctionOutput,
    function_tool,
    input_guardrail,
    output_guardrail,
    tool_input_guardrail,
)
from django.db import IntegrityError, OperationalError

from agents_runtime.desk import RunDesk
from agents_runtime.sdk import Failure
from agents_runtime.sdk.errors import explained
from reviews.actions import again, gates, leases
from reviews.states import RunStatus, ToolCallStatus
from tests.agents_runtime import play
from tests.agents_runtime.play import call, first


def failing(**decorated):
    @function_tool(**decorated)
    def charge(amount: int) -> str:
        raise ConnectionError(f"bank is away, {amount} not charged")

    return charge


class TestAToolThatRaises:
    def test_is_failed_in_the_ledger_while_the_run_goes_on(self, stage):
        run = stage.start(lambda: play.agent(first(call("charge", amount=5)), failing()))

        failed = stage.call(run)
        assert run.status == RunStatus.COMPLETED
        assert run.result == "c1: An error occurred while running the tool. Please try again."
        assert failed.status == ToolCallStatus.FAILED
        assert failed.error == "ConnectionError: bank is away, 5 not charged"
        assert failed.output == "An error occurred while running the tool. Please try again."

    def test_is_failed_in_the_ledger_whatever_its_author_tells_the_model(self, stage):
        def polite(context, error):
            return "Sorry, later."

        run = stage.start(lambda: play.agent(first(call("charge", amount=5)), failing(failure_error_function=polite)))

        assert run.result == "c1: Sorry, later."
        assert stage.call(run).error == "ConnectionError: bank is away, 5 not charged"

    def test_fails_the_run_where_its_author_wants_that(self, stage):
        run = stage.start(lambda: play.agent(first(call("charge", amount=5)), failing(failure_error_function=None)))

        assert (run.status, run.error_code) == (RunStatus.FAILED, "tool_error")
        assert "bank is away, 5 not charged" in run.error
        assert stage.call(run).status == ToolCallStatus.FAILED

    def test_is_told_apart_from_its_siblings(self, stage):
        @function_tool
        def note() -> str:
            return "noted"

        calls = [call("charge", "c1", amount=5), call("note", "c2")]
        run = stage.start(lambda: play.agent(first(*calls), failing(), note))

        assert [stage.call(run, one).status for one in ("c1", "c2")] == [ToolCallStatus.FAILED, ToolCallStatus.DONE]

    def test_leaves_a_cancelled_sibling_in_doubt(self, stage):
        @function_tool(failure_error_function=None)
        async def slow() -> str:
            await asyncio.Event().wait()
            return "never"

        calls = [call("charge", "c1", amount=5), call("slow", "c2")]
        run = stage.start(lambda: play.agent(first(*calls), failing(failure_error_function=None), slow))

        assert (run.status, run.error_code) == (RunStatus.FAILED, "tool_error")
        assert stage.call(run, "c2").status in (ToolCallStatus.UNKNOWN, ToolCallStatus.FAILED)


class TestAToolThatTakesTooLong:
    @pytest.fixture
    def slow(self):
        def make(**more):
            @function_tool(timeout=0.05, **more)
            async def slow() -> str:
                await asyncio.Event().wait()
                return "never"

            return slow

        return make

    def test_is_cut_off_and_the_model_told(self, stage, slow):
        run = stage.start(lambda: play.agent(first(call("slow")), slow()))

        assert (run.status, run.result) == (RunStatus.COMPLETED, "c1: Tool 'slow' timed out after 0.05 seconds.")
        assert stage.call(run).status == ToolCallStatus.FAILED
        assert "may have happened" in stage.call(run).error

    def test_fails_the_run_where_its_author_wants_that(self, stage, slow):
        run = stage.start(lambda: play.agent(first(call("slow")), slow(timeout_behavior="raise_exception")))

        assert (run.status, run.error_code) == (RunStatus.FAILED, "tool_error")


class TestArgumentsThatAreNoJson:
    def test_are_told_to_the_model_and_kept(self, stage):
        run = stage.start(lambda: play.agent(first(call("charge", raw='{"amount": ')), failing()))

        assert run.status == RunStatus.COMPLETED
        assert stage.call(run).proposed == '{"amount": '
        assert stage.call(run).error.startswith("ModelBehaviorError: Invalid JSON input for tool charge")

    @pytest.mark.parametrize("raw", ["", "null", "[1]", '"text"', "{}", '{"amount": "five"}'])
    def test_or_of_the_wrong_shape_do_no_harm(self, stage, raw):
        run = stage.start(lambda: play.agent(first(call("charge", raw=raw)), failing()))

        assert run.status == RunStatus.COMPLETED
        assert stage.call(run).status == ToolCallStatus.FAILED


class TestTheModel:
    def test_that_cannot_be_reached_fails_the_run(self, stage):
        def away(seen):
            raise openai.OpenAIError("connection refused")

        run = stage.start(lambda: play.agent(away))

        assert (run.status, run.error_code) == (RunStatus.FAILED, "model_error")
        assert "connection refused" in run.error

    def test_that_calls_a_tool_nobody_has_fails_the_run(self, stage):
        run = stage.start(lambda: play.agent(first(call("launch"))))

        assert (run.status, run.error_code) == (RunStatus.FAILED, "model_behavior")
        assert "launch" in run.error

    @pytest.mark.parametrize("missing", ["", None])
    def test_that_gives_a_call_no_id_fails_the_run_and_runs_nothing(self, stage, missing):
        ran = []

        @function_tool
        def note() -> str:
            ran.append(1)
            return "noted"

        nameless = call("note").model_copy(update={"call_id": missing})
        run = stage.start(lambda: play.agent(lambda seen: [nameless], note))

        assert (run.status, ran) == (RunStatus.FAILED, [])

    def test_that_uses_one_id_for_two_calls_fails_the_run(self, stage):
        ran = []

        @function_tool
        def note(text: str) -> str:
            ran.append(text)
            return "noted"

        def script(seen):
            return [call("note", "same", text="b" if seen.outputs else "a")]

        run = stage.start(lambda: play.agent(script, note))

        assert (run.status, run.error_code, ran) == (RunStatus.FAILED, "model_behavior", ["a"])

    def test_that_never_comes_to_an_end_runs_out_of_turns(self, stage):
        @function_tool
        def note() -> str:
            return "noted"

        def script(seen):
            return [call("note", f"c{len(seen.outputs)}")]

        run = stage.start(lambda: play.agent(script, note), max_turns=3)

        assert (run.status, run.error_code) == (RunStatus.FAILED, "max_turns")
        assert run.tool_calls.count() == 3


class TestGuardrails:
    def test_on_the_input_fail_the_run(self, stage):
        @input_guardrail
        def no_secrets(context, agent, text):
            return GuardrailFunctionOutput(output_info="secret", tripwire_triggered=True)

        run = stage.start(lambda: play.agent(first(), input_guardrails=[no_secrets]))

        assert (run.status, run.error_code) == (RunStatus.FAILED, "guardrail")

    def test_on_the_output_fail_the_run(self, stage):
        @output_guardrail
        def no_secrets(context, agent, text):
            return GuardrailFunctionOutput(output_info="secret", tripwire_triggered=True)

        run = stage.start(lambda: play.agent(lambda seen: "secret", output_guardrails=[no_secrets]))

        assert (run.status, run.error_code) == (RunStatus.FAILED, "guardrail")

    @pytest.mark.parametrize(
        "says, status, read",
        [
            (ToolGuardrailFunctionOutput.reject_content("Not today."), RunStatus.COMPLETED, "c1: Not today."),
            (ToolGuardrailFunctionOutput.raise_exception(), RunStatus.FAILED, None),
        ],
    )
    def test_on_a_tool_keep_it_from_running_after_the_approval(self, stage, says, status, read):
        ran = []

        @tool_input_guardrail
        def weekdays(data):
            return says

        @function_tool(needs_approval=True, tool_input_guardrails=[weekdays])
        def pay() -> str:
            ran.append(1)
            return "paid"

        run = stage.settle(stage.start(lambda: play.agent(first(call("pay")), pay)), "approve")

        assert (run.status, run.result, ran) == (status, read, [])
        assert stage.call(run).status == ToolCallStatus.CANCELLED


class TestTheDesk:
    """A database that is away is no fault of the agent: the run stays as it is and is taken back later."""

    @pytest.mark.parametrize("step", ["stop_at_gate", "answers", "begin", "finish"])
    def test_whose_database_is_away_fails_no_run(self, stage, monkeypatch, step):
        ran = []

        @function_tool
        def pay() -> str:
            ran.append(1)
            return "paid"

        def away(*args):
            raise OperationalError("server closed the connection unexpectedly")

        run = stage.submit(lambda: play.agent(first(call("pay")), pay), idempotent=["pay"])
        with monkeypatch.context() as patch, pytest.raises(OperationalError):
            patch.setattr(RunDesk, step, away)
            stage.advance(run)
        run.refresh_from_db()
        assert run.status == RunStatus.RUNNING

        stage.lose_worker(run)
        run = stage.advance(run)
        assert (run.status, run.result) == (RunStatus.COMPLETED, "c1: paid")
        assert len(ran) == (2 if step == "finish" else 1)

    def test_whose_database_is_away_inside_a_nested_agent_does_not_end_its_call(self, stage, monkeypatch):
        ran = []

        @function_tool
        def pay() -> str:
            ran.append(1)
            return "paid"

        def build():
            inner = play.agent(first(call("pay", "i1")), pay, name="Inner")
            return play.agent(first(call("inner", "o1", input="go")), inner.as_tool("inner", "Ask."), name="Outer")

        begin = RunDesk.begin

        def away_inside(desk, call_id, tool):
            if call_id == "i1":
                raise OperationalError("server closed the connection unexpectedly")
            return begin(desk, call_id, tool)

        run = stage.submit(build)
        with monkeypatch.context() as patch, pytest.raises(OperationalError):
            patch.setattr(RunDesk, "begin", away_inside)
            stage.advance(run)
        assert stage.call(run, "o1").status == ToolCallStatus.STARTED

        stage.lose_worker(run)
        run = stage.advance(run)
        assert (run.status, run.result, ran) == (RunStatus.COMPLETED, "o1: i1: paid", [1])


class TestAGateThatOthersGetInTheWayOf:
    @pytest.fixture
    def broken(self, monkeypatch):
        """Gates fail so many times."""
        park, left = gates.park, []

        def broken(times):
            left.extend(range(times))

            def fail(*args, **more):
                if left:
                    left.pop()
                    raise IntegrityError("a row was gone")
                return park(*args, **more)

            monkeypatch.setattr(gates, "park", fail)
            return left

        return broken

    def start(self, stage):
        @function_tool
        def pay() -> str:
            return "paid"

        self.log = []
        return stage.start(lambda: play.agent(first(call("pay")), pay, log=self.log))

    def test_is_stored_again_without_asking_the_model_anew(self, stage, broken):
        broken(again.TRIES - 1)
        run = self.start(stage)

        assert (run.status, run.result) == (RunStatus.COMPLETED, "c1: paid")
        assert len(self.log) == 2

    def test_gives_its_run_back_for_another_try(self, stage, broken):
        broken(again.TRIES)
        run = self.start(stage)

        assert (run.status, run.losses, run.lease) == (RunStatus.QUEUED, 1, None)
        run = stage.advance(run)
        assert (run.status, run.result, run.losses) == (RunStatus.COMPLETED, "c1: paid", 0)

    def test_fails_its_run_in_the_end(self, stage, broken):
        broken(1000)
        run = self.start(stage)
        for _ in range(leases.MAX_LOSSES - 1):
            run = stage.advance(run)

        assert (run.status, run.error_code) == (RunStatus.FAILED, "internal_error")
        assert "could not store its gate" in run.error and "a row was gone" in run.error


class TestExplained:
    @pytest.mark.parametrize(
        "error, code",
        [
            (Failure("guardrail", "Stopped."), "guardrail"),
            (ModelBehaviorError("odd"), "model_behavior"),
            (openai.OpenAIError("away"), "model_error"),
            (ValueError("a hook broke"), "agent_error"),
        ],
    )
    def test_gives_every_error_a_code_and_a_text(self, error, code):
        failure = explained(error)

        assert failure.code == code
        assert str(error) in str(failure)


def test_an_agent_whose_instructions_break_fails_with_their_words(stage):
    def instructions(context, agent):
        raise RuntimeError("template is missing")

    run = stage.start(lambda: Agent(name="Actor", model=play.Player(first()), instructions=instructions))

    assert (run.status, run.error_code) == (RunStatus.FAILED, "agent_error")
    assert "template is missing" in run.error
