"""What the gate has not seen at start-up does not run past it."""

import pytest
from agents import Agent, AgentHooks, Handoff, ShellTool, function_tool, handoff, tool_namespace

from agents_runtime import sdk
from reviews.states import RunStatus, ToolCallStatus
from tests.agents_runtime import play
from tests.agents_runtime.mcp_server import Shelf
from tests.agents_runtime.play import call, first

ASK = [{"tool": "*"}]


@pytest.fixture
def ran() -> list[object]:
    """What the tools of the test did, in order."""
    return []


@pytest.fixture
def tool(ran):
    """Makes a function tool of any name."""

    def make(name: str = "refund", **more):
        def act(amount: int) -> str:
            ran.append((name, amount))
            return f"did {amount}"

        return function_tool(act, name_override=name, **more)

    return make


class Adds(AgentHooks):
    """As the agent first starts, something is added to it."""

    def __init__(self, add) -> None:
        self.add = add

    async def on_start(self, context, agent) -> None:
        self.add(agent)
        self.add = lambda agent: None


def adding(*tools):
    return Adds(lambda agent: setattr(agent, "tools", [*agent.tools, *tools]))


class TestTwins:
    def test_are_refused(self, tool):
        twins = [tool(needs_approval=True), tool()]

        with pytest.raises(sdk.UngatedTool, match="'Actor' carries two tools named 'refund'"):
            sdk.gated(Agent(name="Actor", tools=twins))

    def test_are_refused_in_two_namespaces(self, tool):
        billing = tool_namespace(name="billing", description="b", tools=[tool(needs_approval=True)])
        crm = tool_namespace(name="crm", description="c", tools=[tool()])

        with pytest.raises(sdk.UngatedTool, match="namespaces"):
            sdk.gated(Agent(name="Actor", tools=[*billing, *crm]))

    def test_are_fine_in_two_agents(self, tool):
        inner = Agent(name="Inner", tools=[tool()])

        gated = sdk.gated(Agent(name="Outer", tools=[tool(needs_approval=True), inner.as_tool("inner", "Ask.")]))

        assert (gated.original("Outer", "refund").needs_approval, gated.original("Inner", "refund").needs_approval) == (
            True,
            False,
        )

    def test_that_a_server_lists_end_the_run(self, stage, tool, ran):
        run = stage.start(
            lambda: play.agent(first(call("take_book", title="Emma")), tool("take_book"), mcp_servers=[Shelf(ran)])
        )

        assert (run.status, run.error_code, ran) == (RunStatus.FAILED, "ungated_tool", [])

    def test_of_one_namespace_alone_stop_at_the_gate(self, stage, tool, ran):
        asked = call("refund", amount=9)
        asked.namespace = "billing"

        def build():
            return play.agent(first(asked), *tool_namespace(name="billing", description="b", tools=[tool()]))

        run = stage.start(build, review=[{"tool": "refund"}])
        assert (run.status, ran) == (RunStatus.AWAITING_REVIEW, [])

        run = stage.settle(run, "approve")
        assert (run.status, ran) == (RunStatus.COMPLETED, [("refund", 9)])


class TestToolsAddedOnTheWay:
    @pytest.mark.parametrize("marked", [True, False])
    def test_stop_at_the_gate(self, stage, tool, ran, marked):
        added = tool(needs_approval=marked)
        run = stage.start(
            lambda: play.agent(first(call("refund", amount=9)), tool("other"), hooks=adding(added)), review=ASK
        )

        assert (run.status, ran) == (RunStatus.AWAITING_REVIEW, [])
        assert stage.question(run).schema["required"] == ["amount"]

    @pytest.mark.parametrize("verdict, said", [("approve", {}), ("edit", {"replacement": {"amount": 5}})])
    def test_are_gone_after_a_pause_and_then_nothing_runs(self, stage, tool, ran, verdict, said):
        def build():
            return play.agent(first(call("refund", amount=9)), tool("other"), hooks=adding(tool()))

        run = stage.settle(stage.start(build, review=ASK), verdict, **said)

        assert (run.status, run.error_code, ran) == (RunStatus.FAILED, "tool_changed", [])

    def test_are_let_through_under_the_ledger(self, stage, tool, ran):
        run = stage.start(lambda: play.agent(first(call("refund", amount=9)), tool("other"), hooks=adding(tool())))

        assert (run.status, ran) == (RunStatus.COMPLETED, [("refund", 9)])
        assert stage.call(run).status == ToolCallStatus.DONE

    def test_by_the_instructions_stop_at_the_gate(self, stage, tool, ran):
        def instructions(context, agent) -> str:
            if len(agent.tools) == 1:
                agent.tools.append(tool())
            return "Be brief."

        turns = play.one_by_one([call("other", "c1", amount=1)], [call("refund", "c2", amount=9)])
        build = lambda: play.agent(turns, tool("other"), instructions=instructions)  # noqa: E731
        run = stage.start(build, review=[{"tool": "other", "ruling": "allow"}, {"tool": "*"}])

        assert (run.status, ran) == (RunStatus.AWAITING_REVIEW, [("other", 1)])

    def test_that_cannot_be_stopped_end_the_run(self, stage, tool, ran):
        shell = ShellTool(executor=lambda request: ran.append("shell"))
        run = stage.start(lambda: play.agent(first(call("other", amount=1)), tool("other"), hooks=adding(shell)))

        assert (run.status, run.error_code, ran) == (RunStatus.FAILED, "ungated_tool", [])
        assert "'shell'" in run.error

    def test_inside_a_nested_agent_stop_at_the_gate(self, stage, tool, ran):
        def build():
            inner = play.agent(first(call("refund", amount=9)), name="Inner", hooks=adding(tool()))
            return play.agent(first(call("inner", "o1", input="go")), inner.as_tool("inner", "Ask."), name="Outer")

        run = stage.start(build, review=[{"tool": "inner", "ruling": "allow"}, {"tool": "*"}])

        assert (run.status, ran) == (RunStatus.AWAITING_REVIEW, [])
        assert stage.question(run).agent == "Inner"

    def test_to_a_nested_agent_that_cannot_be_stopped_end_the_run(self, stage, ran):
        shell = ShellTool(executor=lambda request: ran.append("shell"))

        def build():
            inner = play.agent(first(), name="Inner", hooks=adding(shell))
            return play.agent(first(call("inner", "o1", input="go")), inner.as_tool("inner", "Ask."), name="Outer")

        assert stage.start(build).error_code == "ungated_tool"

    def test_with_an_agent_behind_them_end_the_run(self, stage, tool, ran):
        def build():
            hidden = play.agent(first(call("refund", amount=9)), tool(), name="Hidden")
            inner = hidden.as_tool("inner", "Ask.")
            return play.agent(first(call("inner", "o1", input="go")), tool("other"), hooks=adding(inner))

        run = stage.start(build)

        assert (run.status, run.error_code, ran) == (RunStatus.FAILED, "ungated_tool", [])
        assert "'Hidden'" in run.error


class TestHandoffs:
    @pytest.fixture
    def hidden(self, tool):
        return play.agent(first(call("refund", amount=9)), tool(), name="Hidden")

    @pytest.fixture
    def transfer(self, hidden):
        async def invoke(context, raw):
            return hidden

        return Handoff("transfer", "Hand over.", {}, invoke, "Hidden")

    def test_to_nobody_knows_whom_are_refused(self, transfer):
        with pytest.raises(sdk.UngatedTool, match=r"'transfer' of agent 'Actor' .* handoff\(agent\)"):
            sdk.gated(Agent(name="Actor", handoffs=[transfer]))

    @pytest.mark.parametrize("made", [lambda agent, odd: handoff(agent), lambda agent, odd: odd])
    def test_added_on_the_way_end_the_run(self, stage, tool, hidden, transfer, ran, made):
        hooks = Adds(lambda agent: agent.handoffs.append(made(hidden, transfer)))
        to_hidden = call("transfer_to_hidden", "h1")

        run = stage.start(lambda: play.agent(lambda seen: [to_hidden], tool("other"), hooks=hooks))

        assert (run.status, run.error_code, ran) == (RunStatus.FAILED, "ungated_tool", [])

    def test_that_lead_elsewhere_than_they_say_end_the_run(self, stage, hidden, transfer, ran):
        friend = play.agent(first(), name="Friend")

        def build():
            to_friend = handoff(friend)
            to_friend.on_invoke_handoff = transfer.on_invoke_handoff
            return play.agent(lambda seen: [call("transfer_to_friend", "h1")], handoffs=[to_friend])

        run = stage.start(build)

        assert (run.status, run.error_code, ran) == (RunStatus.FAILED, "ungated_tool", [])
        assert "'Hidden'" in run.error


class TestAccepted:
    def test_tools_may_ask_by_themselves(self, stage, ran):
        """Their calls can be let through or not, but not edited: nothing of ours runs them."""
        from openai.types.responses import ResponseFunctionShellToolCall as Shell
        from openai.types.responses.response_function_shell_tool_call import Action

        shell = ShellTool(executor=lambda request: ran.append("shell") or "done", needs_approval=True)
        asked = Shell(id="s", call_id="c1", type="shell_call", status="completed", action=Action(commands=["ls"]))
        run = stage.start(lambda: play.agent(first(asked), shell), ungated=["shell"])

        assert (run.status, ran) == (RunStatus.AWAITING_REVIEW, [])
        assert stage.question(run).verdicts == ("approve", "reject")
