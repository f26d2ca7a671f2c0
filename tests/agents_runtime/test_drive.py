"""Driving one agent to its next gate or its end, whatever kind of answer or agent it is."""

import asyncio
import threading

import pytest
from agents import HostedMCPTool, RunContextWrapper, function_tool
from openai.types.responses.response_output_item import McpApprovalRequest

from agents_runtime import ask_human, sdk
from agents_runtime.desk import RunDesk
from agents_runtime.sdk import bridge
from reviews.actions import trials
from reviews.actions.verdicts import refusal
from reviews.models import Run
from reviews.states import RunStatus, ToolCallStatus
from tests.agents_runtime import play
from tests.agents_runtime.play import call, first, one_by_one
from tests.agents_runtime.traces import recorded


@pytest.fixture
def ran() -> list[str]:
    """What the tools of the test did, in order."""
    return []


@pytest.fixture
def pay(ran):
    @function_tool(needs_approval=True)
    def pay(to: str) -> str:
        ran.append(to)
        return f"paid {to}"

    return pay


class TestStreaming:
    """FOUREYES_STREAM changes how the model is listened to, and nothing else."""

    @pytest.fixture(autouse=True)
    def streamed(self, settings):
        settings.FOUREYES_STREAM = True

    @pytest.mark.parametrize(
        "verdict, said, read",
        [
            ("approve", {}, "c1: paid Ann"),
            ("reject", {"note": "No."}, f"c1: {refusal('No.')}"),
            ("override", {"replacement": "by hand"}, "c1: by hand"),
            ("approve", {"context": "Hurry."}, "c1: paid Ann | + Hurry."),
        ],
    )
    def test_reads_verdicts_alike(self, stage, pay, verdict, said, read):
        run = stage.start(lambda: play.agent(first(call("pay", to="Ann")), pay))

        assert stage.settle(run, verdict, **said).result == read

    def test_goes_through_several_gates_and_nested_agents(self, stage, pay, ran):
        def build():
            turns = one_by_one([call("pay", "i1", to="Ann")], [call("pay", "i2", to="Bob")])
            inner = play.agent(turns, pay, name="Inner")
            return play.agent(first(call("inner", "o1", input="go")), inner.as_tool("inner", "Ask."), name="Outer")

        run = stage.settle(stage.settle(stage.start(build), "approve"), "approve")

        assert (run.status, ran) == (RunStatus.COMPLETED, ["Ann", "Bob"])

    def test_fails_with_the_same_code(self, stage):
        def broken(seen):
            raise ValueError("odd")

        run = stage.start(lambda: play.agent(broken))

        assert (run.status, run.error_code) == (RunStatus.FAILED, "agent_error")


class TestHostedMcp:
    """Calls that run at the model provider can be let through or not; nothing of them runs here."""

    @pytest.fixture
    def build(self):
        config = {
            "type": "mcp",
            "server_label": "crm",
            "server_url": "https://crm.example",
            "require_approval": "never",
        }
        wish = McpApprovalRequest(
            id="mcpr_1", name="erase", arguments='{"id": 1}', server_label="crm", type="mcp_approval_request"
        )

        def script(seen):
            said = [item for item in seen.items if item.get("type") == "mcp_approval_response"]
            return f"{said[0]['approve']} {said[0].get('reason', '')}".strip() if said else [wish]

        return lambda: play.agent(script, HostedMCPTool(tool_config=config))

    def test_ask_whatever_their_author_set(self, stage, build):
        run = stage.start(build)

        question = stage.question(run)
        assert (question.tool, question.proposal, question.verdicts) == ("erase", {"id": 1}, ("approve", "reject"))

    def test_are_let_through_by_an_approval(self, stage, build):
        run = stage.settle(stage.start(build), "approve")

        assert (run.status, run.result) == (RunStatus.COMPLETED, "True")
        assert stage.call(run, "mcpr_1").status == ToolCallStatus.DONE

    def test_are_stopped_by_a_rejection_with_its_reason(self, stage, build):
        run = stage.settle(stage.start(build), "reject", note="Never erase.")

        assert (run.status, run.result) == (RunStatus.COMPLETED, f"False {refusal('Never erase.')}")

    @pytest.mark.parametrize("decided", ["approve", "reject"])
    def test_never_run_in_a_dry_run(self, stage, build, decided):
        run = stage.settle(stage.start(build), decided)

        dry = trials.try_verdict(run.interventions.get().pk, by=stage.reviewer, verdict="approve")

        assert stage.advance(dry).result.startswith("False Dry run: ")

    def test_are_let_through_by_a_rule(self, stage, build):
        run = stage.start(build, review=[{"tool": "erase", "ruling": "allow"}])

        assert (run.status, run.result) == (RunStatus.COMPLETED, "True")


class TestWhereThingsRun:
    def test_the_desk_is_asked_on_the_thread_of_the_worker(self, stage, pay, monkeypatch):
        threads: set[threading.Thread] = set()
        for name in ("stop_at_gate", "answers", "begin", "finish"):
            method = getattr(RunDesk, name)

            def noted(*args, method=method):
                threads.add(threading.current_thread())
                return method(*args)

            monkeypatch.setattr(RunDesk, name, noted)

        stage.settle(stage.start(lambda: play.agent(first(call("pay", to="Ann")), pay)), "approve")

        assert threads == {threading.current_thread()}

    def test_parallel_tools_run_at_the_same_time(self, stage):
        met = threading.Barrier(2, timeout=20)

        @function_tool
        def blocking(name: str) -> str:
            met.wait()  # were one kept waiting for the other, it would break
            return name

        calls = [call("blocking", "c1", name="a"), call("blocking", "c2", name="b")]
        run = stage.start(lambda: play.agent(first(*calls), blocking))

        assert run.result == "c1: a | c2: b"

    def test_a_sync_tool_may_use_the_database(self, transactional_db, stage):
        @function_tool
        def count() -> str:
            return str(Run.objects.filter(status=RunStatus.RUNNING).count())

        run = stage.start(lambda: play.agent(first(call("count")), count))

        assert run.result == "c1: 1"

    def test_an_advance_leaves_no_task_and_no_event_loop_behind(self, stage, pay):
        stage.start(lambda: play.agent(first(call("pay", to="Ann")), pay))

        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()


class TestTools:
    def test_that_are_switched_off_are_neither_shown_nor_run(self, stage, ran):
        def at_night(context: RunContextWrapper, agent) -> bool:
            return False

        @function_tool(is_enabled=at_night)
        def note(text: str) -> str:
            ran.append(text)
            return "noted"

        run = stage.start(lambda: play.agent(first(call("note", text="a")), note))

        assert (run.status, run.error_code, ran) == (RunStatus.FAILED, "model_behavior", [])

    def test_that_ask_and_answer_keep_their_places_beside_others(self, stage, pay, ran):
        calls = [call("ask_human", "c1", question="Who?", options=["Ann"]), call("pay", "c2", to="Ann")]
        run = stage.start(lambda: play.agent(first(*calls), ask_human, pay))

        stage.decide(run, "answer", call_id="c1", replacement="Ann")
        run = stage.settle(run, "approve", call_id="c2")

        assert run.result == "c1: Ann | c2: paid Ann"


class TestAdvance:
    @pytest.fixture(autouse=True)
    def spans_in_memory(self):
        with recorded():
            yield

    def brief(self, **more) -> sdk.Brief:
        return sdk.Brief(input="Go.", trace_id="trace_" + "0" * 32, workflow="Test", max_turns=5, **more)

    class Open:
        """A desk that lets everything through, and writes nothing down."""

        def stop_at_gate(self, snapshot, requests):
            self.requests = requests
            return False

        def answers(self, call_ids):
            return {call_id: sdk.Answer(go=True) for call_id in call_ids}

        def begin(self, call_id, tool):
            return sdk.Begun(key=call_id)

        def finish(self, call_id, output, error):
            self.finished = output

    def test_needs_no_database(self, pay):
        desk = self.Open()
        gated = sdk.gated(play.agent(first(call("pay", to="Ann")), pay))

        outcome = bridge.run(sdk.advance(gated, self.brief(), desk))

        assert isinstance(outcome, sdk.Finished)
        assert (outcome.output, desk.finished) == ("c1: paid Ann", "paid Ann")
        assert (desk.requests[0].author_asks, desk.requests[0].schema["required"]) == (True, ["to"])

    def test_refuses_to_go_on_with_a_run_that_is_finished(self, pay):
        gated = sdk.gated(play.agent(lambda seen: "done"))
        done = bridge.run(sdk.advance(gated, self.brief(), self.Open()))

        with pytest.raises(sdk.Failure) as failure:
            bridge.run(sdk.advance(gated, self.brief(state=done.snapshot.text), self.Open()))

        assert failure.value.code == "nothing_to_do"

    def test_goes_on_with_it_when_somebody_has_feedback(self):
        gated = sdk.gated(play.agent(lambda seen: "; ".join(seen.messages)))
        done = bridge.run(sdk.advance(gated, self.brief(), self.Open()))

        again = self.brief(state=done.snapshot.text, feedback="Shorter.", notes=("By noon.",))
        assert bridge.run(sdk.advance(gated, again, self.Open())).output == "Go.; Shorter.; By noon."

    @pytest.mark.parametrize("nested", [False, True])
    def test_calls_no_model_once_the_run_was_taken_away(self, nested):
        recall = sdk.Recall()

        @function_tool
        def slow() -> str:
            recall.tell("It is gone.")  # as the heartbeat does while a tool runs
            return "done"

        shown: list[play.Seen] = []
        top = play.agent(first(call("slow")), slow, log=shown, name="Slow")
        if nested:
            top = play.agent(first(call("ask", "o1", input="go")), top.as_tool("ask", "Ask."), log=shown, name="Outer")
        desk = self.Open()

        with pytest.raises(sdk.Recalled, match="It is gone"):
            bridge.run(sdk.advance(sdk.gated(top), self.brief(), desk, recall=recall))

        assert (len(shown), desk.finished) == (2 if nested else 1, "done")

    def test_begins_no_tool_once_the_run_was_taken_away(self, pay, ran):
        recall, desk = sdk.Recall(), self.Open()
        desk.answers = lambda ids: recall.tell("It is gone.") and {call_id: sdk.Answer(go=True) for call_id in ids}

        with pytest.raises(sdk.Recalled):
            gated = sdk.gated(play.agent(first(call("pay", to="Ann")), pay))
            bridge.run(sdk.advance(gated, self.brief(), desk, recall=recall))

        assert ran == []
