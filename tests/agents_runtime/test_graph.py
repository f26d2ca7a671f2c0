"""Agents that call agents: what each asks reaches a human, and goes on in the right place."""

import pytest
from agents import Agent, function_tool, handoff

from agents_runtime import sdk
from reviews.actions.verdicts import refusal
from reviews.states import RunStatus, ToolCallStatus
from tests.agents_runtime import play
from tests.agents_runtime.play import call, first
from tests.agents_runtime.stage import Stage


@pytest.fixture
def ran() -> list[str]:
    """What the tools of the test did, in order."""
    return []


@pytest.fixture
def book(ran):
    @function_tool(needs_approval=True)
    def book(what: str) -> str:
        ran.append(what)
        return f"booked {what}"

    return book


@pytest.fixture
def note(ran):
    @function_tool
    def note(text: str) -> str:
        ran.append(text)
        return "noted"

    return note


def outer_and_inner(inner_script, *inner_tools, calls=None, **as_tool):
    """Builds an agent that has `inner` as a tool."""

    def build() -> Agent:
        inner = play.agent(inner_script, *inner_tools, name="Inner")
        tool = inner.as_tool("inner", "Ask the inner agent.", **as_tool)
        return play.agent(first(*(calls or [call("inner", "o1", input="flight")])), tool, name="Outer")

    return build


class TestNestedAgent:
    def test_stops_at_the_gate_with_a_call_of_its_own(self, stage: Stage, book, ran):
        run = stage.start(outer_and_inner(first(call("book", "i1", what="flight")), book))

        question = stage.question(run)
        assert (run.status, ran) == (RunStatus.AWAITING_REVIEW, [])
        assert (question.agent, question.tool) == ("Inner", "book")

    def test_goes_on_inside_after_the_verdict(self, stage, book, ran):
        run = stage.start(outer_and_inner(first(call("book", "i1", what="flight")), book))

        run = stage.settle(run, "approve")

        assert (run.status, ran) == (RunStatus.COMPLETED, ["flight"])
        assert run.result == "o1: i1: booked flight"
        assert stage.call(run, "o1").status == ToolCallStatus.DONE

    @pytest.mark.parametrize(
        "verdict, said, read, did",
        [
            ("reject", {"note": "Too dear."}, f"o1: i1: {refusal('Too dear.')}", []),
            ("override", {"replacement": "by train"}, "o1: i1: by train", []),
        ],
    )
    def test_reads_the_verdict_itself(self, stage, book, ran, verdict, said, read, did):
        run = stage.start(outer_and_inner(first(call("book", "i1", what="flight")), book))

        run = stage.settle(run, verdict, **said)

        assert (run.result, ran) == (read, did)

    def test_runs_with_edited_arguments(self, stage, book, ran):
        run = stage.start(outer_and_inner(first(call("book", "i1", what="flight")), book))

        stage.settle(run, "edit", replacement={"what": "train"})

        assert ran == ["train"]

    def test_may_be_asked_about_as_a_whole_and_then_inside(self, stage, book, ran):
        run = stage.start(outer_and_inner(first(call("book", "i1", what="flight")), book, needs_approval=True))
        assert stage.question(run).agent == "Outer"

        run = stage.settle(run, "approve")
        assert stage.question(run).agent == "Inner"

        run = stage.settle(run, "approve")
        assert (run.status, ran) == (RunStatus.COMPLETED, ["flight"])

    def test_never_starts_when_its_output_is_supplied(self, stage, book, ran):
        run = stage.start(outer_and_inner(first(call("book", "i1", what="flight")), book, needs_approval=True))

        run = stage.settle(run, "override", replacement="nothing to book")

        assert (run.status, run.result, ran) == (RunStatus.COMPLETED, "o1: nothing to book", [])

    def test_is_entered_again_for_each_of_its_questions(self, stage, book, ran):
        twice = play.one_by_one([call("book", "i1", what="flight")], [call("book", "i2", what="hotel")])
        run = stage.start(outer_and_inner(twice, book))

        run = stage.settle(stage.settle(run, "approve"), "approve")

        assert ran == ["flight", "hotel"]
        assert run.result == "o1: i1: booked flight | i2: booked hotel"

    def test_is_covered_by_rules_for_its_name_alone(self, stage, note, ran):
        calls = [call("inner", "o1", input="flight"), call("note", "o2", text="outside")]

        def build():
            inner = play.agent(first(call("note", "i1", text="inside")), note, name="Inner")
            return play.agent(first(*calls), inner.as_tool("inner", "Ask."), note, name="Outer")

        run = stage.start(build, review=[{"tool": "note", "agent": "Inner"}])

        assert ran == ["outside"]
        assert stage.settle(run, "approve").status == RunStatus.COMPLETED
        assert ran == ["outside", "inside"]

    def test_that_comes_to_nothing_still_ends_its_call(self, stage, note):
        async def nothing(result):
            return None

        run = stage.start(outer_and_inner(first(), custom_output_extractor=nothing))

        assert (run.status, run.result) == (RunStatus.COMPLETED, "o1: None")
        assert stage.call(run, "o1").status == ToolCallStatus.DONE

    def test_that_fails_leaves_its_error_in_the_ledger(self, stage, note):
        endless = play.one_by_one(*([call("note", f"i{n}", text="again")] for n in range(9)))
        run = stage.start(outer_and_inner(endless, note, max_turns=2))

        assert run.status == RunStatus.COMPLETED
        failed = stage.call(run, "o1")
        assert failed.status == ToolCallStatus.FAILED
        assert failed.error == "MaxTurnsExceeded: Max turns (2) exceeded"


class TestTwoNestedAgents:
    @pytest.fixture
    def build(self, book):
        def build():
            tools = [
                play.agent(first(call("book", f"i-{name}", what=name)), book, name=name).as_tool(name.lower(), "Ask.")
                for name in ("Flight", "Hotel")
            ]
            calls = [call("flight", "o1", input="book"), call("hotel", "o2", input="book")]
            return play.agent(first(*calls), *tools, name="Outer")

        return build

    def test_ask_at_the_same_gate(self, stage, build, ran):
        run = stage.start(build)

        assert sorted(one.agent for one in run.interventions.open()) == ["Flight", "Hotel"]
        assert ran == []

    def test_go_on_only_when_both_are_settled(self, stage, build, ran):
        run = stage.start(build)

        run = stage.settle(run, "approve", call_id="i-Flight")
        assert (run.status, ran) == (RunStatus.AWAITING_REVIEW, [])

        run = stage.settle(run, "reject", call_id="i-Hotel", note="Full.")
        assert (run.status, ran) == (RunStatus.COMPLETED, ["Flight"])
        assert run.result == f"o1: i-Flight: booked Flight | o2: i-Hotel: {refusal('Full.')}"


class TestHandoff:
    def test_lets_the_receiving_agent_ask(self, stage, book, ran):
        # the receiving agent sees the handoff's own output, so its script looks for the booking alone
        def build():
            desk = play.agent(
                lambda seen: play.report(seen) if "b1" in seen.outputs else [call("book", "b1", what="flight")],
                book,
                name="Booking desk",
            )
            to_desk = call("transfer_to_booking_desk", "h1")
            return play.agent(lambda seen: [to_desk], name="Front", handoffs=[handoff(desk)])

        run = stage.start(build)
        assert (stage.question(run).agent, ran) == ("Booking desk", [])

        run = stage.settle(run, "approve", context="Window seat.")
        assert (run.status, ran) == (RunStatus.COMPLETED, ["flight"])
        assert run.result.endswith("b1: booked flight | + Window seat.")


class TestAgentsOf:
    def test_finds_handoffs_and_agents_used_as_tools_once_each(self):
        deep = Agent(name="Deep")
        middle = Agent(name="Middle", tools=[deep.as_tool("deep", "Ask.")])
        top = Agent(name="Top", handoffs=[handoff(middle), deep])
        deep.handoffs = [top]

        assert [one.name for one in sdk.agents_of(top)] == ["Top", "Middle", "Deep"]

    def test_refuses_two_agents_of_one_name(self):
        top = Agent(name="Top", handoffs=[Agent(name="Clerk"), Agent(name="Clerk")])

        with pytest.raises(sdk.AmbiguousAgents, match="share the name 'Clerk'"):
            sdk.agents_of(top)


class TestOddNames:
    def test_of_agents_travel_through_gate_rules_and_checkpoint(self, stage, book, ran):
        name = "Zoë’s *desk* [1] / 日本 \\ {x}"

        def build():
            inner = play.agent(first(call("book", "i1", what="flight")), book, name=name)
            return play.agent(first(call("inner", "o1", input="go")), inner.as_tool("inner", "Ask."), name="Outer")

        run = stage.start(build)
        assert stage.question(run).agent == name

        run = stage.settle(run, "approve")
        assert (run.status, ran) == (RunStatus.COMPLETED, ["flight"])
