"""The SDK's traces land in our rows and nowhere else, and never get in the way."""

import logging
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from agents import function_tool
from agents.tracing import FunctionSpanData

from agents_runtime.sdk import tracing
from reviews.actions import spans
from reviews.actions.spans import Traced
from reviews.models import Span
from reviews.states import RunStatus
from tests.agents_runtime import play
from tests.agents_runtime.play import call, first

PROCESSORS = """
import django
django.setup()
from agents.tracing import get_trace_provider
print([f"{type(one).__module__}.{type(one).__name__}" for one in get_trace_provider()._multi_processor._processors])
"""


@pytest.fixture
def pay():
    @function_tool(needs_approval=True)
    def pay(to: str) -> str:
        return f"paid {to}"

    return pay


def told(**changes) -> SimpleNamespace:
    """A span as the SDK hands it over."""
    data = FunctionSpanData(name="pay", input=changes.pop("input", "{}"), output=changes.pop("output", "done"))
    given = {"span_id": "span_1", "trace_id": "trace_1", "parent_id": None, "span_data": data, "error": None}
    times = {"started_at": "2026-01-02T03:04:05+00:00", "ended_at": None}
    return SimpleNamespace(**given | times | changes)


class TestSpansOfARun:
    @pytest.fixture
    def run(self, transactional_db, stage, pay):
        recorder = tracing.record_with(spans.keep)
        run = stage.start(lambda: play.agent(first(call("pay", to="Ann")), pay))
        run = stage.settle(run, "approve")
        recorder.force_flush()
        return run

    def test_are_kept_with_their_run_and_one_trace_over_the_pause(self, run):
        kept = run.spans.all()

        assert run.status == RunStatus.COMPLETED
        assert {"agent", "generation", "function", "human_decision"} <= {span.kind for span in kept}
        assert {span.trace_id for span in kept} == {run.trace_id}

    def test_hang_on_their_parents(self, run):
        known = {span.span_id: span for span in run.spans.all()}
        function = run.spans.filter(kind="function").last()

        assert function.name == "pay"
        assert known[function.parent_id].kind in ("turn", "agent")
        assert all(span.parent_id in {"", *known} for span in known.values())

    def test_tell_tokens_and_times(self, run):
        asked = run.spans.filter(kind="generation").first()

        assert asked.data["usage"] == {"input_tokens": 10, "output_tokens": 5}
        assert asked.started_at <= asked.ended_at

    def test_tell_what_the_human_said_and_how_long_it_took(self, run):
        decision = run.spans.get(kind="human_decision")

        assert (decision.data["verdict"], decision.data["by"]) == ("approve", "alice")
        assert decision.data["waited_s"] >= 0

    def test_hold_no_inputs_and_outputs_where_the_settings_say_so(self, transactional_db, stage, pay, settings):
        settings.FOUREYES_TRACE_DATA = False
        recorder = tracing.record_with(spans.keep)

        run = stage.settle(stage.start(lambda: play.agent(first(call("pay", to="Ann")), pay)), "approve")

        recorder.force_flush()
        assert all("Ann" not in str(span.data) for span in run.spans.filter(kind="function"))


class TestRecordWith:
    def test_leaves_no_other_processor_in_a_fresh_process(self):
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "hitl_site.settings"}
        seen = subprocess.run([sys.executable, "-c", PROCESSORS], env=environment, capture_output=True, text=True)

        assert seen.stdout.strip() == "['agents_runtime.sdk.tracing.Recorder']", seen.stderr


class TestAWriterThatFails:
    def test_does_not_disturb_the_run(self, stage, pay, caplog):
        def away(steps):
            raise OSError("disk full")

        recorder = tracing.record_with(away)

        run = stage.settle(stage.start(lambda: play.agent(first(call("pay", to="Ann")), pay)), "approve")

        recorder.force_flush()
        assert run.status == RunStatus.COMPLETED
        assert "could not be kept" in caplog.text

    def test_keeps_the_next_steps_when_it_has_recovered(self, caplog):
        kept: list[Traced] = []
        trouble = [OSError("disk full")]

        def keep(steps):
            if trouble:
                raise trouble.pop()
            kept.extend(steps)

        recorder = tracing.Recorder(keep)
        recorder.on_span_start(told(span_id="lost"))
        recorder.force_flush()
        recorder.on_span_start(told(span_id="kept"))
        recorder.force_flush()

        assert [step.span_id for step in kept] == ["kept"]


class TestRecorder:
    def record(self, *given, end: bool = True) -> list[Traced]:
        kept: list[Traced] = []
        recorder = tracing.Recorder(kept.extend)
        for one in given:
            (recorder.on_span_end if end else recorder.on_span_start)(one)
        recorder.shutdown()
        return kept

    def test_shows_a_step_while_it_lasts(self):
        (step,) = self.record(told(), end=False)

        assert (step.kind, step.name, step.ended_at) == ("function", "pay", None)

    def test_cuts_what_is_too_long_and_says_so(self):
        (step,) = self.record(told(output="x" * 50_000))

        assert step.data["cut"].endswith("the first 20,000 kept")
        assert len(step.data["text"]) == tracing.KEPT_TEXT

    def test_keeps_the_tokens_of_what_it_cuts(self):
        kept: list[Traced] = []
        recorder = tracing.Recorder(kept.extend)
        data = SimpleNamespace(type="generation", export=lambda: {"usage": {"input_tokens": 3}, "input": "x" * 50_000})
        recorder.on_span_end(told(span_data=data))
        recorder.force_flush()

        assert kept[0].data["usage"] == {"input_tokens": 3}

    def test_keeps_what_no_database_takes_as_readable_text(self, transactional_db, stage):
        run = stage.start(lambda: play.agent(lambda seen: "done"))
        data = SimpleNamespace(type="custom", export=lambda: {"name": "a\x00b", "x": float("nan"), "half": "\ud800"})

        spans.keep(self.record(told(trace_id=run.trace_id, span_data=data, error={"message": "\x00", "data": None})))

        row = Span.objects.get(span_id="span_1")
        assert (row.name, row.data["x"], row.error["message"]) == ("a\ufffdb", "nan", "\ufffd")

    def test_writes_in_a_forked_child_as_in_its_parent(self):
        reading, writing = os.pipe()
        recorder = tracing.Recorder(lambda steps: os.write(writing, "".join(s.span_id for s in steps).encode()))
        recorder.on_span_end(told(span_id="parent "))
        recorder.force_flush()

        child = os.fork()
        if child == 0:
            recorder.on_span_end(told(span_id="child"))
            recorder.force_flush()
            os._exit(0)
        os.waitpid(child, 0)

        assert os.read(reading, 100) == b"parent child"
        os.close(reading)
        os.close(writing)

    def test_writes_together_what_happens_in_quick_succession(self, monkeypatch):
        monkeypatch.setattr(tracing, "LINGER", 3600)
        batches: list[list[str]] = []
        recorder = tracing.Recorder(lambda steps: batches.append([step.span_id for step in steps]))
        for number in range(5):
            recorder.on_span_end(told(span_id=f"s{number}"))
        recorder.force_flush()

        assert batches == [["s0", "s1", "s2", "s3", "s4"]]

    def test_waits_for_nothing_where_it_has_put_nothing(self):
        tracing.Recorder(logging.debug).force_flush()

    def test_keeps_nothing_of_traces_that_belong_to_no_run(self, db):
        assert spans.keep(self.record(told())) == 0
