"""A worker that dies anywhere: nothing happens twice, nothing is lost, and what cannot be known is asked."""

import asyncio
import threading
from collections.abc import Callable

import pytest
from agents import function_tool
from django.db import OperationalError

from agents_runtime import idempotency_key
from agents_runtime.desk import RunDesk
from reviews.actions import leases
from reviews.models import Run
from reviews.states import Kind, RunStatus, ToolCallStatus
from tests.agents_runtime import play
from tests.agents_runtime.play import call, first, one_by_one
from tests.agents_runtime.stage import Stage


class Crash(BaseException):
    """The process is gone: nothing that catches exceptions catches this."""


class Plug:
    """Pulled, it ends the worker: not one more word reaches the database."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_out = False
        self.stop_after: str | None = None
        for name in ("begin", "finish", "stop_at_gate", "answers"):
            monkeypatch.setattr(RunDesk, name, self._while_in(name, getattr(RunDesk, name)))

    def pull(self) -> None:
        self.is_out = True
        raise Crash

    def _while_in(self, name: str, method: Callable) -> Callable:
        def guarded(desk: RunDesk, *args):
            if self.is_out:
                raise Crash
            result = method(desk, *args)
            if self.stop_after == name:
                self.stop_after = None
                self.pull()
            return result

        return guarded


@pytest.fixture
def plug(monkeypatch) -> Plug:
    return Plug(monkeypatch)


@pytest.fixture
def ran() -> list[str]:
    """What the tools of the test did, in order."""
    return []


@pytest.fixture
def pay(ran, plug):
    """Pays, and pulls the plug before or after it where the test says so."""

    @function_tool
    async def pay(to: str, dies: str = "") -> str:
        if dies == "before" and to not in ran:
            ran.append(f"{to} begun")
            plug.pull()
        ran.append(to)
        if dies == "after" and ran.count(to) == 1:
            plug.pull()
        return f"paid {to}"

    return pay


def crash(stage: Stage, plug: Plug, run: Run, *, before: int = 0) -> Run:
    """Advance until the worker dies, as so many did before it; then let another one take over."""
    with pytest.raises(Crash):
        stage.advance(run)
    plug.is_out = False
    Run.objects.filter(pk=run.pk, losses__lt=before).update(losses=before)
    stage.lose_worker(run)
    run.refresh_from_db()
    return run


class TestDeathInsideATool:
    @pytest.mark.parametrize("moment", ["before", "after"])
    def test_asks_a_human_what_became_of_the_call(self, stage, plug, pay, ran, moment):
        run = stage.submit(lambda: play.agent(first(call("pay", to="Ann", dies=moment)), pay))

        run = stage.advance(crash(stage, plug, run))

        question = stage.question(run)
        assert (question.kind, question.title) == (Kind.UNKNOWN_OUTCOME, "Did pay happen?")
        assert stage.call(run).status == ToolCallStatus.UNKNOWN
        assert len(ran) == 1

    @pytest.fixture
    def in_doubt(self, stage, plug, pay):
        run = stage.submit(lambda: play.agent(first(call("pay", to="Ann", dies="after")), pay))
        return stage.advance(crash(stage, plug, run))

    def test_runs_it_again_when_the_human_says_so(self, stage, in_doubt, ran):
        run = stage.settle(in_doubt, "approve")

        assert (run.status, run.result, ran) == (RunStatus.COMPLETED, "c1: paid Ann", ["Ann", "Ann"])

    def test_takes_the_humans_word_for_its_output(self, stage, in_doubt, ran):
        run = stage.settle(in_doubt, "override", replacement="paid, receipt 7")

        assert (run.status, run.result, ran) == (RunStatus.COMPLETED, "c1: paid, receipt 7", ["Ann"])
        assert stage.call(run).status == ToolCallStatus.DONE

    def test_ends_the_run_when_the_human_cannot_tell(self, stage, in_doubt, ran):
        stage.decide(in_doubt, "reject")

        run = stage.advance(in_doubt)
        assert (run.status, run.error_code, ran) == (RunStatus.FAILED, "unknown_outcome", ["Ann"])

    def test_never_asks_about_its_finished_siblings(self, stage, plug, pay, ran, monkeypatch):
        ann_is_done, finish = threading.Event(), RunDesk.finish

        def finish_and_say_so(desk, call_id, output, error):
            finish(desk, call_id, output, error)
            ann_is_done.set()

        @function_tool
        def pay_bob() -> str:
            assert ann_is_done.wait(30)
            ran.append("Bob")
            plug.pull()

        monkeypatch.setattr(RunDesk, "finish", finish_and_say_so)
        calls = [call("pay", "c1", to="Ann"), call("pay_bob", "c2")]
        run = stage.submit(lambda: play.agent(first(*calls), pay, pay_bob))

        run = stage.advance(crash(stage, plug, run))
        assert stage.question(run).tool_call.call_id == "c2"

        run = stage.settle(run, "override", replacement="paid Bob")
        assert (run.result, sorted(ran)) == ("c1: paid Ann | c2: paid Bob", ["Ann", "Bob"])


class TestDeathInsideAnIdempotentTool:
    def test_runs_it_again_with_the_same_key(self, stage, plug):
        keys: list[str] = []

        @function_tool
        def pay(to: str) -> str:
            keys.append(idempotency_key())
            if len(keys) == 1:
                plug.pull()
            return "paid"

        run = stage.submit(lambda: play.agent(first(call("pay", to="Ann")), pay), idempotent=["pay"])

        run = stage.advance(crash(stage, plug, run))

        assert (run.status, run.result) == (RunStatus.COMPLETED, "c1: paid")
        assert keys == [f"{run.pk}:c1"] * 2

    def test_runs_it_again_with_the_arguments_of_the_human(self, stage, plug):
        amounts: list[int] = []

        @function_tool(needs_approval=True)
        def pay(amount: int) -> str:
            amounts.append(amount)
            if len(amounts) == 1:
                plug.pull()
            return "paid"

        run = stage.start(lambda: play.agent(first(call("pay", amount=50)), pay), idempotent=["pay"])
        stage.decide(run, "edit", replacement={"amount": 5})

        run = stage.advance(crash(stage, plug, run))

        assert amounts == [5, 5]
        assert run.result.startswith("c1: [A human reviewer changed the arguments.")


class TestDeathBetweenTheSteps:
    @pytest.mark.parametrize("step", ["stop_at_gate", "answers", "finish"])
    def test_repeats_nothing_that_was_done(self, stage, plug, pay, ran, step):
        turns = one_by_one([call("pay", "c1", to="Ann")], [call("pay", "c2", to="Bob")])
        run = stage.submit(lambda: play.agent(turns, pay))
        plug.stop_after = step

        run = stage.advance(crash(stage, plug, run))

        assert (run.status, ran) == (RunStatus.COMPLETED, ["Ann", "Bob"])
        assert run.result == "c1: paid Ann | c2: paid Bob"

    def test_before_the_tool_began_in_earnest_is_still_asked_about(self, stage, plug, pay, ran):
        run = stage.submit(lambda: play.agent(first(call("pay", to="Ann")), pay))
        plug.stop_after = "begin"

        run = stage.advance(crash(stage, plug, run))

        assert (stage.question(run).kind, ran) == (Kind.UNKNOWN_OUTCOME, [])

    def test_while_the_model_thinks_after_a_tool_came_back(self, stage, plug, pay, ran):
        turns: list[int] = []

        def script(seen):
            turns.append(len(seen.outputs))
            if turns == [0, 1]:
                plug.pull()
            return play.report(seen) if seen.outputs else [call("pay", to="Ann")]

        run = stage.submit(lambda: play.agent(script, pay))

        run = stage.advance(crash(stage, plug, run))

        assert (run.result, ran) == ("c1: paid Ann", ["Ann"])

    def test_after_the_run_was_parked_leaves_the_question_standing(self, stage, plug, pay, ran):
        run = stage.submit(lambda: play.agent(first(call("pay", to="Ann")), pay), review=[{"tool": "pay"}])
        plug.stop_after = "stop_at_gate"
        with pytest.raises(Crash):
            stage.advance(run)
        plug.is_out = False

        assert leases.reclaim_lost() == 0
        run = stage.settle(run, "approve")

        assert (run.status, ran) == (RunStatus.COMPLETED, ["Ann"])

    def test_after_a_tool_failed_for_good_tells_the_agent_what_happened(self, stage, plug):
        @function_tool(failure_error_function=None)
        def pay(to: str) -> str:
            raise ConnectionError("bank is away")

        run = stage.submit(lambda: play.agent(first(call("pay", to="Ann")), pay))
        plug.stop_after = "finish"

        run = stage.advance(crash(stage, plug, run))

        assert (run.status, run.result) == (RunStatus.COMPLETED, "c1: The tool failed: ConnectionError: bank is away")


class TestDeathInsideANestedAgent:
    @pytest.mark.parametrize("asked", [True, False])
    @pytest.mark.parametrize("step", ["finish", "stop_at_gate", "answers"])
    def test_repeats_no_effect_and_comes_to_the_same_end(self, stage, plug, pay, ran, step, asked):
        def build():
            turns = one_by_one([call("pay", "i1", to="Ann")], [call("pay", "i2", to="Bob")])
            inner = play.agent(turns, pay, name="Inner")
            return play.agent(first(call("inner", "o1", input="go")), inner.as_tool("inner", "Ask."), name="Outer")

        run = stage.submit(build, review=[{"tool": "pay"}] if asked else [])
        plug.stop_after = step
        for _ in range(12):
            try:
                run = stage.advance(run)
            except Crash:
                plug.is_out = False
                stage.lose_worker(run)
                run.refresh_from_db()
            if run.ended:
                break
            for question in run.interventions.open():
                stage.decide(run, "approve", call_id=question.tool_call.call_id)

        assert (run.status, run.error) == (RunStatus.COMPLETED, "")
        assert ran == ["Ann", "Bob"]
        assert run.result == "o1: i1: paid Ann | i2: paid Bob"

    def test_just_after_it_came_back_enters_it_again(self, stage, plug, pay, ran, monkeypatch):
        def build():
            inner = play.agent(first(call("pay", "i1", to="Ann")), pay, name="Inner")
            return play.agent(first(call("inner", "o1", input="go")), inner.as_tool("inner", "Ask."), name="Outer")

        run = stage.submit(build)
        finish = RunDesk.finish

        def die_after_the_agent(desk, call_id, output, error):
            finish(desk, call_id, output, error)
            if call_id == "o1":
                plug.pull()

        monkeypatch.setattr(RunDesk, "finish", die_after_the_agent)
        run = crash(stage, plug, run)
        assert stage.call(run, "o1").status == ToolCallStatus.DONE

        run = stage.advance(run)

        assert (run.status, run.result, ran) == (RunStatus.COMPLETED, "o1: i1: paid Ann", ["Ann"])


class TestTakeover:
    def test_lets_the_slow_first_worker_write_nothing(self, stage, caplog):
        effects: list[str] = []

        @function_tool
        async def pay(to: str) -> str:
            effects.append(to)
            return "paid"

        run = stage.submit(lambda: play.agent(first(call("pay", to="Ann")), pay))
        begin = RunDesk.begin

        def begin_then_lose_the_lease(desk, call_id, tool):
            begun = begin(desk, call_id, tool)
            stage.lose_worker(run)
            return begun

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(RunDesk, "begin", begin_then_lose_the_lease)
            slow = stage.advance(run)

        assert effects == ["Ann"]
        assert (slow.status, slow.result) == (RunStatus.QUEUED, None)
        assert stage.call(run).status == ToolCallStatus.STARTED
        assert "is dropped" in caplog.text

        assert stage.question(stage.advance(run)).kind == Kind.UNKNOWN_OUTCOME

    def test_is_given_up_after_too_many_deaths(self, stage, plug, pay):
        def deadly(seen):
            plug.pull()

        run = stage.submit(lambda: play.agent(deadly, pay))
        for _ in range(leases.MAX_LOSSES):
            assert run.status == RunStatus.QUEUED
            run = crash(stage, plug, run)

        assert (run.status, run.error_code) == (RunStatus.FAILED, "workers_lost")

    def test_is_not_given_up_before_a_person_was_asked_about_the_call_in_doubt(self, stage, plug, pay, ran):
        run = stage.submit(lambda: play.agent(first(call("pay", to="Ann", dies="after")), pay))

        run = stage.advance(crash(stage, plug, run, before=leases.MAX_LOSSES - 1))

        assert (stage.question(run).kind, ran) == (Kind.UNKNOWN_OUTCOME, ["Ann"])

    def test_is_given_up_where_workers_die_even_of_asking(self, stage, plug, pay):
        run = stage.submit(lambda: play.agent(first(call("pay", to="Ann", dies="after")), pay))

        run = crash(stage, plug, run, before=2 * leases.MAX_LOSSES - 1)

        assert (run.status, run.error_code) == (RunStatus.FAILED, "workers_lost")
        assert stage.call(run).status == ToolCallStatus.UNKNOWN


class TestADatabaseThatFailsBesideATool:
    def test_leaves_the_call_beside_it_in_doubt_and_does_not_call_it_failed(self, stage, monkeypatch):
        begun, finish = [], RunDesk.finish

        @function_tool
        async def ship(to: str) -> str:
            begun.append(to)
            await asyncio.sleep(60)
            return "shipped"

        @function_tool
        async def pay(to: str) -> str:
            while not begun:
                await asyncio.sleep(0)
            return "paid"

        def fail_once(desk, call_id, output, error):
            monkeypatch.setattr(RunDesk, "finish", finish)
            raise OperationalError("the connection is gone")

        monkeypatch.setattr(RunDesk, "finish", fail_once)
        run = stage.submit(lambda: play.agent(first(call("pay", to="Ann"), call("ship", "c2", to="Bob")), pay, ship))
        with pytest.raises(OperationalError):
            stage.advance(run)
        stage.lose_worker(run)

        run = stage.advance(run)

        assert [stage.call(run, one).status for one in ("c1", "c2")] == [ToolCallStatus.UNKNOWN] * 2
        assert stage.question(run, "c2").kind == Kind.UNKNOWN_OUTCOME
