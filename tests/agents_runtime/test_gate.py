"""What a verdict does to a tool call, and what the model reads of it."""

import json

import pytest
from agents import Agent, FunctionTool, HostedMCPTool, ShellTool, ToolOutputImage, function_tool
from agents.sandbox import SandboxAgent
from pydantic import BaseModel

from agents_runtime import ask_human, idempotency_key, sdk
from reviews.actions.verdicts import refusal
from reviews.states import RunStatus, ToolCallStatus
from tests.agents_runtime import play
from tests.agents_runtime.play import call, first
from tests.agents_runtime.stage import Stage


@pytest.fixture
def ran() -> list[object]:
    """What the tools of the test did, in order."""
    return []


@pytest.fixture
def refund(ran):
    @function_tool(needs_approval=True)
    def refund(amount: int) -> str:
        ran.append(amount)
        return f"refunded {amount}"

    return refund


@pytest.fixture
def waiting(stage: Stage, refund):
    """A run that asks whether to refund 50."""
    run = stage.start(lambda: play.agent(first(call("refund", amount=50)), refund))
    assert run.status == RunStatus.AWAITING_REVIEW
    return run


class TestApprove:
    def test_runs_the_tool_once_with_the_arguments_as_proposed(self, stage, waiting, ran):
        run = stage.settle(waiting, "approve")

        assert ran == [50]
        assert run.status == RunStatus.COMPLETED
        assert run.result == "c1: refunded 50"
        assert stage.call(run).status == ToolCallStatus.DONE

    def test_ends_with_a_lease_let_go(self, stage, waiting):
        run = stage.settle(waiting, "approve")

        assert run.lease is None

    def test_does_nothing_before_the_verdict(self, stage, waiting, ran):
        stage.advance(waiting)

        assert ran == []
        assert waiting.interventions.count() == 1


class TestReject:
    def test_lets_the_model_read_exactly_the_feedback(self, stage, waiting, ran):
        run = stage.settle(waiting, "reject", note="Offer a voucher: “20 off”.", reason="fraud suspected")

        assert ran == []
        assert run.result == "c1: A human reviewer rejected this call. Feedback: Offer a voucher: “20 off”."
        assert "fraud" not in json.dumps(run.result)

    def test_tells_the_model_so_when_no_feedback_was_given(self, stage, waiting, ran):
        run = stage.settle(waiting, "reject")

        assert ran == []
        assert run.result == "c1: A human reviewer rejected this call."


class TestEdit:
    def test_runs_the_tool_with_the_edited_arguments_and_tells_the_model(self, stage, waiting, ran):
        run = stage.settle(waiting, "edit", replacement={"amount": 5})

        assert ran == [5]
        assert run.result == (
            'c1: [A human reviewer changed the arguments. The tool ran with {"amount": 5}]\nrefunded 5'
        )
        assert (stage.call(run).proposed, stage.call(run).executed) == ({"amount": 50}, {"amount": 5})

    def test_mends_arguments_that_were_no_json(self, stage, refund, ran):
        run = stage.start(lambda: play.agent(first(call("refund", raw='{"amount": 5')), refund))
        assert stage.question(run).proposal == '{"amount": 5'

        run = stage.settle(run, "edit", replacement={"amount": 5})

        assert ran == [5]


class TestOverride:
    def test_gives_the_model_the_output_without_running_the_tool(self, stage, waiting, ran):
        run = stage.settle(waiting, "override", replacement="refunded by hand")

        assert ran == []
        assert run.result == "c1: refunded by hand"
        assert stage.call(run).status == ToolCallStatus.SUPPLIED

    def test_gives_structured_output_as_json(self, stage, waiting, ran):
        run = stage.settle(waiting, "override", replacement={"refunded": 7})

        assert ran == []
        assert run.result == 'c1: {"refunded": 7}'


class TestAnswer:
    def test_is_what_the_question_returns(self, stage):
        asks = first(call("ask_human", question="How urgent?", options=["now", "later"]))
        run = stage.start(lambda: play.agent(asks, ask_human))
        assert (stage.question(run).kind, stage.question(run).title) == ("question", "How urgent?")

        run = stage.settle(run, "answer", replacement="now")

        assert run.result == "c1: now"

    def test_may_be_refused_with_a_word_to_the_agent(self, stage):
        asks = first(call("ask_human", question="How urgent?", options=None))
        run = stage.start(lambda: play.agent(asks, ask_human))

        run = stage.settle(run, "reject", note="Decide yourself.")

        assert run.result == f"c1: {refusal('Decide yourself.')}"

    def test_is_asked_for_even_where_a_rule_would_allow_every_tool(self, stage):
        asks = first(call("ask_human", question="How urgent?", options=None))

        run = stage.start(lambda: play.agent(asks, ask_human), review=[{"tool": "*", "ruling": "allow"}])

        assert run.status == RunStatus.AWAITING_REVIEW


class TestContext:
    def test_reaches_the_model_as_a_message_after_the_output(self, stage, waiting):
        run = stage.settle(waiting, "approve", context="The customer is a minor.")

        assert run.result == "c1: refunded 50 | + The customer is a minor."

    def test_comes_with_a_rejection_too(self, stage, waiting):
        run = stage.settle(waiting, "reject", note="No.", context="Call them instead.")

        assert run.result == f"c1: {refusal('No.')} | + Call them instead."

    @pytest.mark.parametrize("ends", ["stop_on_first_tool", {"stop_at_tool_names": ["refund"]}])
    def test_is_left_out_where_the_tool_ends_the_run(self, stage, refund, ran, ends):
        script = first(call("refund", amount=50))
        run = stage.start(lambda: play.agent(script, refund, tool_use_behavior=ends))

        run = stage.settle(run, "approve", context="The customer is a minor.")

        assert (run.status, run.result, ran) == (RunStatus.COMPLETED, "refunded 50", [50])


class TestAuthorsMark:
    @pytest.mark.parametrize("mark", [True, lambda context, arguments, call_id: arguments["amount"] > 10])
    def test_asks_as_the_plain_sdk_would(self, stage, ran, mark):
        @function_tool(needs_approval=mark)
        def refund(amount: int) -> str:
            ran.append(amount)
            return "done"

        run = stage.start(lambda: play.agent(first(call("refund", amount=50)), refund))

        assert (run.status, ran) == (RunStatus.AWAITING_REVIEW, [])
        assert "author marked" in stage.question(run).why

    def test_lets_through_what_its_function_does_not_mind(self, stage, ran):
        async def above_ten(context, arguments, call_id):
            return arguments["amount"] > 10 and bool(call_id)

        @function_tool(needs_approval=above_ten)
        def refund(amount: float) -> str:
            ran.append(amount)
            return "done"

        run = stage.start(lambda: play.agent(first(call("refund", amount=5)), refund))

        assert (run.status, ran) == (RunStatus.COMPLETED, [5])

    def test_asks_a_human_when_its_function_fails(self, stage, ran):
        async def broken(context, arguments, call_id):
            raise KeyError("limit")

        @function_tool(needs_approval=broken)
        def refund(amount: int) -> str:
            ran.append(amount)
            return "done"

        run = stage.start(lambda: play.agent(first(call("refund", amount=5)), refund))

        assert (run.status, ran) == (RunStatus.AWAITING_REVIEW, [])


class TestRules:
    def test_come_before_the_authors_mark(self, stage, refund, ran):
        allow = [{"tool": "refund", "when": "amount <= 100", "ruling": "allow"}]

        run = stage.start(lambda: play.agent(first(call("refund", amount=50)), refund), review=allow)

        assert (run.status, ran) == (RunStatus.COMPLETED, [50])

    def test_refuse_without_asking_anybody(self, stage, refund, ran):
        refuse = [{"tool": "refund", "when": "amount > 10", "ruling": "refuse", "name": "Too much"}]

        run = stage.start(lambda: play.agent(first(call("refund", amount=50)), refund), review=refuse)

        assert (run.status, ran) == (RunStatus.COMPLETED, [])
        assert run.result == "c1: Refused by policy “Too much”: amount is 50; the rule is amount > 10."
        assert not run.interventions.exists()


class TestGated:
    def test_refuses_a_tool_that_cannot_be_stopped(self):
        shell = ShellTool(executor=lambda request: "done")

        with pytest.raises(sdk.UngatedTool, match=r"carries 'shell' .* or accept it with .*ungated=\['shell'\]"):
            sdk.gated(Agent(name="Actor", tools=[shell]))

    def test_accepts_it_by_name(self):
        shell = ShellTool(executor=lambda request: "done")

        assert sdk.gated(Agent(name="Actor", tools=[shell]), ["shell"]).agent.tools == [shell]

    def test_refuses_an_agent_that_gets_tools_as_it_runs(self):
        with pytest.raises(sdk.UngatedTool, match="SandboxAgent"):
            sdk.gated(SandboxAgent(name="Box"))

    def test_takes_the_approval_of_hosted_mcp_tools_out_of_the_authors_hands(self):
        config = {
            "type": "mcp",
            "server_label": "crm",
            "server_url": "https://crm.example",
            "require_approval": "never",
        }
        hosted = HostedMCPTool(tool_config=config, on_approval_request=lambda request: {"approve": True})

        (tool,) = sdk.gated(Agent(name="Actor", tools=[hosted])).agent.tools

        assert (tool.tool_config["require_approval"], tool.on_approval_request) == ("always", None)

    def test_leaves_an_agent_that_was_gated_before_as_it_is(self, stage, refund, ran):
        shared = play.agent(first(call("refund", amount=50)), refund)

        run = stage.settle(stage.start(lambda: shared), "approve")

        assert (run.status, ran) == (RunStatus.COMPLETED, [50])
        assert sdk.gated(shared).original("Actor", "refund").needs_approval is True

    def test_still_knows_the_authors_mark_of_an_agent_gated_before(self, stage, ran):
        @function_tool
        def note(text: str) -> str:
            ran.append(text)
            return "noted"

        shared = play.agent(first(call("note", text="a")), note)

        run = stage.start(lambda: shared)

        assert (run.status, ran) == (RunStatus.COMPLETED, ["a"])


class TestIdempotencyKey:
    def test_names_the_run_and_the_call_inside_a_tool(self, stage):
        @function_tool
        def key() -> str:
            return idempotency_key()

        run = stage.start(lambda: play.agent(first(call("key")), key))

        assert run.result == f"c1: {run.pk}:c1"

    def test_is_told_apart_between_parallel_calls(self, stage):
        @function_tool
        async def key() -> str:
            return idempotency_key()

        run = stage.start(lambda: play.agent(first(call("key", "c1"), call("key", "c2")), key))

        assert run.result == f"c1: {run.pk}:c1 | c2: {run.pk}:c2"

    def test_refuses_to_be_asked_outside_a_tool(self):
        with pytest.raises(RuntimeError, match="outside a tool"):
            idempotency_key()


class Receipt(BaseModel):
    number: int


class TestOutputs:
    @pytest.mark.parametrize(
        "output, kept, read",
        [
            ({"number": 1}, {"number": 1}, "{'number': 1}"),
            (Receipt(number=1), {"number": 1}, "number=1"),
            (None, None, "None"),
            ([1, 2], [1, 2], "[1, 2]"),
            (7, 7, "7"),
        ],
    )
    def test_of_any_kind_are_kept_as_json_and_read_as_the_sdk_writes_them(self, stage, output, kept, read):
        @function_tool
        def lookup():
            return output

        run = stage.start(lambda: play.agent(first(call("lookup")), lookup))

        assert (stage.call(run).output, run.result) == (kept, f"c1: {read}")

    @pytest.mark.parametrize(
        "output, kept", [(10**5000, hex(10**5000)), ([10**5000], [hex(10**5000)])], ids=["number", "list"]
    )
    def test_that_python_cannot_write_are_kept_and_read_in_other_words(self, stage, output, kept):
        @function_tool
        def lookup():
            return output

        run = stage.start(lambda: play.agent(first(call("lookup")), lookup))

        read = kept if isinstance(kept, str) else json.dumps(kept)
        assert (stage.call(run).status, stage.call(run).output, run.result) == ("done", kept, f"c1: {read}")

    def test_that_cannot_tell_what_they_are_do_not_lose_that_the_tool_ran(self, stage, ran):
        class Mute:
            def __str__(self):
                raise ValueError("odd")

        @function_tool
        def pay():
            ran.append("paid")
            return Mute()

        run = stage.start(lambda: play.agent(first(call("pay")), pay))

        said = "Unreadable: Mute, whose text raises ValueError."
        assert (ran, stage.call(run).status, stage.call(run).output) == (["paid"], "done", said)
        assert run.result == f"c1: {said}"

    def test_that_are_images_stay_images_behind_the_note_of_an_edit(self, stage):
        seen: list[play.Seen] = []

        @function_tool(needs_approval=True)
        def chart(kind: str):
            return ToolOutputImage(image_url=f"https://charts.example/{kind}.png")

        run = stage.start(lambda: play.agent(first(call("chart", kind="bar")), chart, log=seen))
        run = stage.settle(run, "edit", replacement={"kind": "pie"})

        note, image = seen[-1].outputs["c1"]
        assert note["text"].startswith("[A human reviewer changed the arguments.")
        assert image == {"type": "input_image", "image_url": "https://charts.example/pie.png"}

    def test_of_tools_made_without_a_decorator_are_gated_alike(self, stage, ran):
        async def invoke(ctx, arguments):
            ran.append(arguments)
            return "raw"

        tool = FunctionTool("raw", "A tool.", {"type": "object", "properties": {}}, invoke, strict_json_schema=False)

        run = stage.start(lambda: play.agent(first(call("raw")), tool), review=[{"tool": "raw"}])
        assert ran == []

        assert stage.settle(run, "approve").result == "c1: raw"
