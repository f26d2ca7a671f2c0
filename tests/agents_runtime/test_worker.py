"""One run, taken from where it stands to its next question or its end."""

import json
from contextlib import contextmanager

import pytest
from agents import AgentOutputSchema, RunContextWrapper, function_tool
from django.db import OperationalError
from pydantic import BaseModel

from agents_runtime import registry, sdk, worker
from agents_runtime.desk import RunDesk
from agents_runtime.heartbeat import heartbeat
from reviews import catalog
from reviews.actions import Invalid, interventions, runs
from reviews.actions.verdicts import refusal
from reviews.catalog import AgentCard
from reviews.models import Checkpoint, Run, ToolCall
from reviews.states import Kind, RunStatus, ToolCallStatus
from tests.agents_runtime import play
from tests.agents_runtime.play import call, first, one_by_one


@pytest.fixture
def ran() -> list[str]:
    """What the tools of the test did, in order."""
    return []


@pytest.fixture
def pay(ran):
    @function_tool
    def pay(to: str) -> str:
        ran.append(to)
        return f"paid {to}"

    return pay


@pytest.fixture
def ask_twice(pay):
    """Builds an agent that asks about two payments at once."""
    return lambda: play.agent(first(call("pay", "c1", to="Ann"), call("pay", "c2", to="Bob")), pay)


ASK = [{"tool": "pay"}]


class TestAdvance:
    def test_waits_until_the_last_of_several_questions_is_settled(self, stage, ask_twice, ran):
        run = stage.start(ask_twice, review=ASK)

        run = stage.settle(run, "approve", call_id="c2")
        assert (run.status, ran) == (RunStatus.AWAITING_REVIEW, [])

        run = stage.settle(run, "reject", call_id="c1", note="Not Ann.")
        assert (run.status, ran) == (RunStatus.COMPLETED, ["Bob"])
        assert run.result == f"c1: {refusal('Not Ann.')} | c2: paid Bob"

    def test_does_nothing_the_second_time_a_task_arrives(self, stage, ask_twice, ran):
        run = stage.start(ask_twice)
        events = run.events.count()

        again = stage.advance(run)

        assert (again.status, len(ran), again.events.count()) == (RunStatus.COMPLETED, 2, events)

    def test_does_nothing_for_a_run_another_worker_has(self, stage, ask_twice, ran):
        run = stage.submit(ask_twice)
        Run.objects.filter(pk=run.pk).update(status=RunStatus.RUNNING, lease=run.pk)

        assert (stage.advance(run).status, ran) == (RunStatus.RUNNING, [])

    def test_does_nothing_for_a_run_that_is_gone(self, db):
        worker.advance(Run().pk)

    def test_remembers_tokens_over_a_pause(self, stage, ask_twice):
        run = stage.start(ask_twice, review=ASK)
        assert run.usage == {"requests": 1, "input_tokens": 10, "output_tokens": 5}

        stage.decide(run, "approve", call_id="c1")
        run = stage.settle(run, "approve", call_id="c2")
        assert run.usage == {"requests": 2, "input_tokens": 20, "output_tokens": 10}

    def test_keeps_one_checkpoint_per_question_and_replaces_the_others(self, stage, pay):
        turns = one_by_one(*([call("pay", f"c{n}", to=f"P{n}")] for n in range(4)))
        run = stage.start(lambda: play.agent(turns, pay), review=[{"tool": "pay", "when": "to = P1"}])

        run = stage.settle(run, "approve")

        assert [one.asked for one in run.checkpoints.order_by("number")] == [True, False]
        assert run.status == RunStatus.COMPLETED

    def test_gives_the_tools_the_run_they_serve(self, stage):
        def where(ctx: RunContextWrapper) -> str:
            return json.dumps(ctx.context)

        run = stage.start(lambda: play.agent(first(call("where")), function_tool(where)))

        assert json.loads(run.result.removeprefix("c1: ")) == {"run_id": str(run.pk), "agent": "actor"}


class TestHold:
    def test_stops_a_running_run_at_its_next_gate(self, stage, pay, ran):
        turns = one_by_one([call("pay", "c1", to="Ann")], [call("pay", "c2", to="Bob")])
        run = stage.submit(lambda: play.agent(turns, pay))
        finish = RunDesk.finish

        def finish_then_pause(desk, call_id, output, error):
            finish(desk, call_id, output, error)
            if call_id == "c1":
                runs.pause(run.pk, by=stage.reviewer)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(RunDesk, "finish", finish_then_pause)
            run = stage.advance(run)

        assert (run.status, ran) == (RunStatus.PAUSED, ["Ann"])
        assert not run.interventions.exists()

        runs.resume(run.pk, by=stage.reviewer)
        run = stage.advance(run)
        assert (run.status, ran) == (RunStatus.COMPLETED, ["Ann", "Bob"])


class TestStop:
    def test_ends_a_running_run_before_its_next_tool(self, stage, pay, ran, caplog):
        turns = one_by_one([call("pay", "c1", to="Ann")], [call("pay", "c2", to="Bob")])
        run = stage.submit(lambda: play.agent(turns, pay))
        finish = RunDesk.finish

        def finish_then_stop(desk, call_id, output, error):
            finish(desk, call_id, output, error)
            runs.stop(run.pk, by=stage.reviewer)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(RunDesk, "finish", finish_then_stop)
            run = stage.advance(run)

        assert (run.status, run.result, ran) == (RunStatus.CANCELLED, None, ["Ann"])
        assert "is dropped" in caplog.text

    def test_that_the_heartbeat_sees_calls_the_model_no_more(self, stage, monkeypatch, caplog):
        @contextmanager
        def taken(run):
            runs.stop(run.pk, by=stage.reviewer)
            recall = sdk.Recall()
            recall.tell("The run was taken away.")
            yield recall

        monkeypatch.setattr(heartbeat, "keep", taken)
        shown: list[play.Seen] = []
        run = stage.start(lambda: play.agent(lambda seen: "done", log=shown))

        assert (run.status, shown) == (RunStatus.CANCELLED, [])
        assert "is dropped" in caplog.text

    def test_while_a_tool_runs_leaves_its_outcome_unknown(self, stage, pay, ran):
        run = stage.submit(lambda: play.agent(first(call("pay", to="Ann")), pay))
        begin = RunDesk.begin

        def begin_then_stop(desk, call_id, tool):
            begun = begin(desk, call_id, tool)
            runs.stop(run.pk, by=stage.reviewer)
            return begun

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(RunDesk, "begin", begin_then_stop)
            run = stage.advance(run)

        assert (run.status, ran) == (RunStatus.CANCELLED, ["Ann"])
        assert stage.call(run).status == ToolCallStatus.UNKNOWN

    def test_of_a_waiting_run_lets_no_late_verdict_run_its_tool(self, stage, ask_twice, ran):
        run = stage.start(ask_twice, review=ASK)
        question = stage.question(run, "c1")

        runs.stop(run.pk, by=stage.reviewer)

        with pytest.raises(interventions.Conflict):
            interventions.decide(question.pk, by=stage.reviewer, verdict="approve")
        assert (stage.advance(run).status, ran) == (RunStatus.CANCELLED, [])


class Memo(BaseModel):
    title: str
    pages: int


class TestFinalOutput:
    @pytest.fixture
    def draft(self, stage):
        def script(seen):
            return f"draft {seen.replies + 1}" + "".join(f" ({one})" for one in seen.messages[1:])

        return stage.start(lambda: play.agent(script), review_output=True)

    def test_is_held_until_somebody_releases_it(self, stage, draft):
        question = stage.question(draft)

        assert (draft.status, draft.result) == (RunStatus.AWAITING_REVIEW, None)
        assert (question.kind, question.proposal) == (Kind.FINAL_OUTPUT, {"output": "draft 1"})

    def test_is_asked_as_the_code_of_an_agent_without_tools_says(self, stage):
        rules = [{"tool": "*", "kind": "final_output", "approvals": 2}]
        run = stage.start(lambda: play.agent(lambda seen: "draft"), review_output=True, review=rules)

        assert stage.question(run).needed == 2

    def test_is_released_as_it_is(self, stage, draft):
        run = stage.settle(draft, "approve")

        assert (run.status, run.result) == (RunStatus.COMPLETED, "draft 1")

    def test_is_released_as_edited(self, stage, draft):
        run = stage.settle(draft, "edit", replacement={"output": "final"})

        assert (run.status, run.result) == (RunStatus.COMPLETED, "final")

    def test_goes_back_to_the_agent_with_feedback_as_often_as_needed(self, stage, draft):
        run = stage.settle(draft, "reject", note="Shorter.")
        assert stage.question(run).proposal == {"output": "draft 2 (Shorter.)"}

        run = stage.settle(run, "reject", note="Longer.", context="By noon.")
        assert stage.question(run).proposal == {"output": "draft 3 (Shorter.) (Longer.) (By noon.)"}

        run = stage.settle(run, "approve")
        assert (run.status, run.result) == (RunStatus.COMPLETED, "draft 3 (Shorter.) (Longer.) (By noon.)")

    def test_goes_back_even_when_the_agent_has_used_all_its_turns(self, stage):
        run = stage.start(lambda: play.agent(lambda seen: f"draft {seen.replies + 1}"), review_output=True, max_turns=1)

        run = stage.settle(run, "reject", note="Shorter.")

        assert stage.question(run).proposal == {"output": "draft 2"}

    def test_of_an_agent_that_ends_with_a_tool_goes_back_too(self, stage, pay, ran):
        def script(seen):
            return [call("pay", f"c{len(seen.messages)}", to=seen.messages[-1])]

        ends = {"tool_use_behavior": "stop_on_first_tool"}
        run = stage.start(lambda: play.agent(script, pay, **ends), review_output=True, input="Ann")
        assert stage.question(run).proposal == {"output": "paid Ann"}

        run = stage.settle(run, "reject", note="Bob")

        assert stage.question(run).proposal == {"output": "paid Bob"}
        assert ran == ["Ann", "Bob"]

    @pytest.mark.parametrize(
        "kind, text, output, edited",
        [
            (Memo, '{"title": "Lease", "pages": 2}', {"title": "Lease", "pages": 2}, {"title": "Lease", "pages": 1}),
            (list[int], '{"response": [1, 2]}', [1, 2], [3]),
            (AgentOutputSchema(dict[str, int], strict_json_schema=False), '{"a": 1}', {"a": 1}, {"b": 2}),
        ],
    )
    def test_of_a_declared_type_is_edited_within_its_schema(self, stage, kind, text, output, edited):
        run = stage.start(lambda: play.agent(lambda seen: text, output_type=kind), review_output=True)
        assert stage.question(run).proposal == {"output": output}

        with pytest.raises(Invalid):
            stage.decide(run, "edit", replacement={"output": "just text"})
        run = stage.settle(run, "edit", replacement={"output": edited})

        assert (run.status, run.result) == (RunStatus.COMPLETED, edited)

    def test_comes_after_the_questions_of_the_way(self, stage, pay, ran):
        run = stage.start(lambda: play.agent(first(call("pay", to="Ann")), pay), review=ASK, review_output=True)

        run = stage.settle(run, "approve")
        assert (stage.question(run).kind, ran) == (Kind.FINAL_OUTPUT, ["Ann"])

        run = stage.settle(run, "approve")
        assert (run.status, run.result, ran) == (RunStatus.COMPLETED, "c1: paid Ann", ["Ann"])


class TestRunsThatCannotGoOn:
    @pytest.fixture
    def waiting(self, stage, pay):
        run = stage.start(lambda: play.agent(first(call("pay", to="Ann")), pay), review=ASK)
        stage.decide(run, "approve")
        return run

    def test_because_nobody_here_knows_the_agent(self, stage):
        catalog.declare(AgentCard(slug="stranger", title="Stranger", queue="support", version="1"))
        run = stage.advance(runs.submit("stranger", "Go.", by=stage.reviewer))

        assert (run.status, run.error_code) == (RunStatus.FAILED, "unknown_agent")
        assert "register it" in run.error

    def test_because_the_agent_cannot_be_built(self, stage, waiting):
        def build():
            raise KeyError("CRM_TOKEN")

        registry._entries.pop("actor")
        registry.register("actor", queue="support", version="1")(build)

        run = stage.advance(waiting)
        assert (run.status, run.error_code) == (RunStatus.FAILED, "build_failed")
        assert "CRM_TOKEN" in run.error

    def test_but_not_because_a_database_was_away_as_it_was_built(self, stage, waiting):
        def build():
            raise OperationalError("no connection")

        registry._entries.pop("actor")
        registry.register("actor", queue="support", version="1")(build)

        with pytest.raises(OperationalError):
            stage.advance(waiting)
        waiting.refresh_from_db()
        assert waiting.status == RunStatus.RUNNING

    def test_because_its_code_has_another_version(self, stage, waiting, pay, ran):
        stage.register(lambda: play.agent(first(call("pay", to="Ann")), pay), version="2", review=ASK)

        run = stage.advance(waiting)

        assert (run.status, run.error_code, ran) == (RunStatus.FAILED, "unknown_version", [])
        assert "'1'" in run.error and "'2'" in run.error

    def test_because_the_agent_has_another_name(self, stage, waiting, pay, ran):
        stage.register(lambda: play.agent(first(call("pay", to="Ann")), pay, name="Renamed"), review=ASK)

        run = stage.advance(waiting)

        assert (run.status, run.error_code, ran) == (RunStatus.FAILED, "agent_changed", [])

    def test_because_the_tool_is_gone(self, stage, waiting, ran):
        stage.register(lambda: play.agent(first(call("pay", to="Ann"))))

        run = stage.advance(waiting)

        assert (run.status, ran) == (RunStatus.FAILED, [])
        assert "pay" in run.error

    def test_because_the_checkpoint_is_not_what_was_saved(self, stage, waiting, ran):
        checkpoint = waiting.checkpoints.get()
        packed, _ = Checkpoint.pack(checkpoint.unpack().replace("Ann", "Eve"))
        Checkpoint.objects.filter(pk=checkpoint.pk).update(state=packed)

        run = stage.advance(waiting)

        assert (run.status, run.error_code, ran) == (RunStatus.FAILED, "corrupt_checkpoint", [])

    def test_because_nobody_ever_decided(self, stage, waiting, ran):
        ToolCall.objects.update(status=ToolCallStatus.PROPOSED)  # as no verb would leave it

        run = stage.advance(waiting)

        assert (run.status, run.error_code, ran) == (RunStatus.FAILED, "undecided_call", [])

    def test_can_be_tried_again_from_the_start(self, stage, waiting, pay, ran):
        stage.register(lambda: play.agent(first(call("pay", to="Ann")), pay), version="2", review=ASK)
        failed = stage.advance(waiting)

        asked = stage.advance(runs.retry(failed.pk, by=stage.reviewer))
        again = stage.settle(asked, "approve")

        assert (again.status, again.retry_of, ran) == (RunStatus.COMPLETED, failed, ["Ann"])
