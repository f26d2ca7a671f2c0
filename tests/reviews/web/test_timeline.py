"""The steps of a run, in the order in which they happened, and the axis they lie on."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from reviews.actions import gates, interventions, leases, runs, tool_calls
from reviews.models import Run, Span
from reviews.states import Ruling, Verdict
from reviews.web import timeline
from reviews.web.steps import compact
from reviews.web.waterfall import Axis
from tests import factories
from tests.reviews import desk_data

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def span(run, name, kind="generation", *, parent="", start=0.0, end=1.0, data=None, error=None):
    return Span.objects.create(
        run=run,
        span_id=name,
        trace_id=run.trace_id,
        parent_id=parent,
        kind=kind,
        name=name,
        started_at=run.created_at + timedelta(seconds=start),
        ended_at=None if end is None else run.created_at + timedelta(seconds=end),
        data=data or {},
        error=error,
    )


def steps_of(run, user):
    run = Run.objects.select_related("started_by", "queue").get(pk=run.pk)
    return timeline.of(run, user).steps


def titles(run, user):
    return [step.title for step in steps_of(run, user)]


def step(run, user, kind):
    return next(step for step in steps_of(run, user) if step.kind == kind)


class TestAxis:
    def test_keeps_work_to_scale(self):
        axis = Axis.over(NOON, at(10), [(NOON, at(4)), (at(4), at(10))])

        assert axis.length == 10
        assert axis.at(at(4)) == 4

    def test_squeezes_a_long_wait_to_a_share_of_the_work(self):
        axis = Axis.over(NOON, at(86400), [(NOON, at(8))])

        assert axis.length == 8 + 2
        assert axis.at(at(43200 + 4)) == pytest.approx(9)

    def test_counts_work_that_overlaps_once(self):
        axis = Axis.over(NOON, at(6), [(NOON, at(4)), (at(2), at(6))])

        assert axis.length == 6

    def test_holds_every_moment_within_its_ends(self):
        axis = Axis.over(NOON, at(5), [(at(1), at(2))])

        assert axis.at(at(-100)) == 0
        assert axis.at(at(100)) == axis.length

    def test_of_nothing_but_waiting_has_a_length(self):
        assert Axis.over(NOON, at(900), []).length > 0

    def test_leaves_out_work_that_lies_outside(self):
        assert Axis.over(NOON, at(2), [(at(-5), at(-1)), (NOON, at(2))]).length == 2

    @pytest.mark.parametrize("earlier, later", [(0, 1), (1, 30), (30, 3000), (3000, 3600)])
    def test_never_turns_time_around(self, earlier, later):
        axis = Axis.over(NOON, at(3600), [(at(1), at(3)), (at(2000), at(2001))])

        assert axis.at(at(earlier)) <= axis.at(at(later))


class TestCompact:
    def test_puts_json_on_one_line_even_when_it_is_text(self):
        assert compact('{\n  "a": 1\n}') == '{"a": 1}'

    def test_leaves_other_text_alone(self):
        assert compact("Order shipped.\nBye.") == "Order shipped.\nBye."

    @pytest.mark.parametrize("text", ["[" * 5000, "[" * 5000 + "]" * 5000, "1" * 5000])
    def test_shows_what_nobody_could_read_as_it_is(self, text):
        assert compact(text) == text


class TestTimeline:
    def test_begins_with_the_request_and_says_who_made_it(self, alice):
        run = factories.run(by=alice, input="Refund order 7.")

        first = steps_of(run, alice)[0]

        assert (first.kind, first.title, first.row.input) == ("request", "Request from alice", "Refund order 7.")

    def test_of_a_queued_run_ends_waiting_for_a_worker(self, alice):
        assert titles(factories.run(by=alice), alice)[-1] == "Waiting for a worker"

    def test_of_a_running_run_ends_at_work(self, alice):
        assert titles(factories.leased(), alice)[-1] == "The agent is at work"

    def test_of_a_waiting_run_ends_with_its_question(self, alice):
        asked = desk_data.refund()

        last = steps_of(asked.run, alice)[-1]

        assert (last.kind, last.title, last.goes_on) == ("question", "Stopped · issue_refund needs approval", True)

    @pytest.mark.parametrize(
        "ask, title",
        [
            (desk_data.choice, "Stopped · the agent asks a person"),
            (desk_data.output, "Stopped · the output waits for release"),
            (desk_data.unknown, "Stopped · did issue_refund happen?"),
        ],
    )
    def test_names_each_kind_of_question(self, alice, ask, title):
        assert title in titles(ask().run, alice)

    def test_tells_a_decision_with_feedback_and_reason_apart(self, alice):
        asked = desk_data.refund()
        interventions.decide(asked.pk, by=alice, verdict=Verdict.REJECT, note="Too much.", reason="Known trick.")

        said = step(asked.run, alice, "decision")

        assert said.title == "alice rejected issue_refund"
        assert (said.row.note, said.row.reason) == ("Too much.", "Known trick.")

    def test_shows_what_a_reviewer_changed(self, alice):
        asked = desk_data.refund()
        edited = {**asked.proposal, "amount": 40.0}
        interventions.decide(asked.pk, by=alice, verdict=Verdict.EDIT, replacement=edited)

        (change,) = step(asked.run, alice, "decision").facts["changes"].fields
        assert (change.path, change.before, change.after) == ("amount", 4820.0, 40.0)

    def test_shows_proposed_and_executed_of_an_edited_call_once_it_ran(self, alice):
        asked = desk_data.refund()
        edited = {**asked.proposal, "amount": 40.0}
        interventions.decide(asked.pk, by=alice, verdict=Verdict.EDIT, replacement=edited)
        owned = leases.take(asked.run_id, worker="w")
        factories.begin(owned, asked.tool_call.call_id)
        tool_calls.finish(owned, asked.tool_call.call_id, "refunded 40")

        ran = step(asked.run, alice, "tool")

        assert [change.pair for change in ran.facts["changes"].fields] == [("4,820.00", "40.00")]
        assert (ran.tone, ran.facts["output"], ran.took is not None) == ("good", "refunded 40", True)

    def test_does_not_show_a_call_twice_while_its_question_is_open(self, alice):
        asked = desk_data.refund()

        assert "tool" not in [step.kind for step in steps_of(asked.run, alice)]

    def test_shows_that_a_call_beside_an_open_question_waits(self, alice):
        run = factories.leased()
        passed = factories.proposal(ruling=Ruling.LET_THROUGH, tool="lookup_order")
        gates.park(run, factories.state(), [passed, factories.proposal()])

        waiting = step(run, alice, "tool")

        assert waiting.title == "Tool call · lookup_order"
        assert waiting.facts["waits"]

    def test_shows_why_a_call_failed(self, alice):
        run = factories.leased()
        passed = factories.proposal(ruling=Ruling.LET_THROUGH)
        gates.park(run, factories.state(), [passed])
        factories.begin(run, passed.call_id)
        tool_calls.finish(run, passed.call_id, "told the model", error="Timeout")

        failed = step(run, alice, "tool")

        assert (failed.tone, failed.bar, failed.row.error) == ("bad", "bad", "Timeout")

    def test_of_a_failed_run_says_what_to_do_next(self, alice):
        run = factories.leased()
        gates.fail(run, "max_turns", "All turns used.")

        last = steps_of(run, alice)[-1]

        assert (last.kind, last.row.error_code) == ("failure", "max_turns")
        assert "turns" in last.facts["next"]

    def test_of_an_unheard_of_failure_offers_the_retry(self, alice):
        run = factories.leased()
        gates.fail(run, "never_seen", "?")

        assert "Retry" in steps_of(run, alice)[-1].facts["next"]

    def test_of_a_completed_run_ends_with_the_result(self, alice):
        run = factories.leased()
        gates.complete(run, "All done.", usage={})

        last = steps_of(run, alice)[-1]

        assert (last.kind, last.row.result_text) == ("result", "All done.")

    def test_tells_who_paused_and_who_stopped_it(self, alice, mara):
        run = factories.run(by=alice)
        runs.pause(run.pk, by=alice)
        runs.stop(run.pk, by=mara, reason="Wrong order.")

        told = titles(run, alice)

        assert "Paused by alice" in told
        assert "Stopped by mara" in told

    def test_shows_the_checkpoint_at_each_gate(self, alice):
        asked = desk_data.refund()

        assert step(asked.run, alice, "checkpoint").title == "Checkpoint 1"

    def test_is_in_the_order_of_time(self, alice):
        asked = desk_data.refund()
        span(asked.run, "before", start=0.0, end=0.001)
        span(asked.run, "after", start=900, end=901)

        kinds = [step.kind for step in steps_of(asked.run, alice)]

        assert kinds.index("model") < kinds.index("question") < len(kinds) - 1 - kinds[::-1].index("model")

    def test_lets_only_a_member_of_the_questions_queue_open_it(self, alice, otto):
        asked = desk_data.refund()
        other = factories.queue("legal")
        type(asked).objects.filter(pk=asked.pk).update(queue=other)

        assert not step(asked.run, alice, "question").facts["opens"]
        assert step(asked.run, otto, "question").facts["opens"]


class TestSpans:
    def test_of_a_model_call_shows_tokens_and_the_tools_it_asked_for(self, alice):
        run = factories.leased()
        usage = {"input_tokens": 2114, "output_tokens": 186}
        span(run, "g", data={"usage": usage, "output": [{"type": "function_call", "name": "lookup_order"}]})

        call = step(run, alice, "model")

        assert (call.facts["tokens_in"], call.facts["tokens_out"]) == (2114, 186)
        assert call.facts["tools"] == ["lookup_order"]
        assert call.took == pytest.approx(1)

    @pytest.mark.parametrize(
        "output",
        [
            [{"type": "message", "content": [{"type": "output_text", "text": "Done."}]}],
            [{"role": "assistant", "content": "Done."}],
        ],
    )
    def test_show_what_the_model_said_on_either_interface(self, alice, output):
        run = factories.leased()
        span(run, "g", data={"output": output})

        assert step(run, alice, "model").facts["words"] == "Done."

    @pytest.mark.parametrize("data", [{}, {"usage": None}, {"output": "text"}, {"output": [None, 7]}, {"cut": "…"}])
    def test_survive_data_that_is_not_there(self, alice, data):
        run = factories.leased()
        span(run, "g", data=data)

        assert step(run, alice, "model").facts["tokens_in"] is None

    def test_show_the_error_of_a_model_call(self, alice):
        run = factories.leased()
        span(run, "g", error={"message": "Refused", "data": {"error": "429"}})

        call = step(run, alice, "model")

        assert (call.bar, call.facts["error"]) == ("bad", "Refused 429")

    def test_that_last_go_on_until_now(self, alice):
        run = factories.leased()
        span(run, "g", end=None)

        call = step(run, alice, "model")

        assert call.goes_on
        assert call.ended <= timezone.now()

    def test_indent_an_agent_that_is_called_as_a_tool(self, alice):
        run = factories.leased()
        span(run, "Boss", "agent")
        span(run, "ask", "function", parent="Boss")
        span(run, "Helper", "agent", parent="ask")
        span(run, "g1", parent="Boss")
        span(run, "g2", parent="Helper")

        calls = [(step.title, step.depth) for step in steps_of(run, alice) if step.kind == "model"]

        assert calls == [("Model call · Boss", 0), ("Model call · Helper", 1)]

    def test_indent_the_calls_of_a_nested_agent(self, alice):
        run = factories.leased()
        span(run, "Boss", "agent")
        span(run, "Clerk", "agent", parent="Boss")
        gates.park(run, factories.state(), [factories.proposal(ruling=Ruling.LET_THROUGH)])

        assert step(run, alice, "tool").depth == 1

    def test_that_go_round_in_circles_do_no_harm(self, alice):
        run = factories.leased()
        span(run, "a", "agent", parent="b")
        span(run, "b", "agent", parent="a")

        assert steps_of(run, alice)

    def test_show_handoffs_and_guardrails(self, alice):
        run = factories.leased()
        span(run, "h", "handoff", data={"from_agent": "A", "to_agent": "B"})
        span(run, "topic", "guardrail", data={"triggered": True})

        told = titles(run, alice)

        assert "Handed over from A to B" in told
        assert "Guardrail · topic stopped this" in told

    @pytest.mark.parametrize("kind", ["task", "turn", "agent", "function", "custom", "human_decision"])
    def test_that_other_rows_tell_better_are_left_out(self, alice, kind):
        run = factories.leased()
        before = titles(run, alice)
        span(run, "x", kind)

        assert titles(run, alice) == before


class TestLoad:
    def test_asks_as_many_questions_of_a_long_run_as_of_a_short_one(self, alice, django_assert_num_queries):
        short = desk_data.refund().run
        long = factories.leased()
        for number in range(6):
            span(long, f"s{number}")
        gates.park(long, factories.state(), [factories.proposal() for _ in range(5)])
        for asked in long.interventions.all():
            interventions.decide(asked.pk, by=alice, verdict=Verdict.APPROVE, note="Fine.")

        for run in (short, long):
            with django_assert_num_queries(9 + 3):  # and for the run, alice and her groups
                fresh = type(alice).objects.get(pk=alice.pk)
                timeline.load(Run.objects.get(pk=run.pk), fresh)
