"""Trying another verdict through the real SDK: no tool ever runs, nobody is asked, and the original stays as it is."""

import pytest
from agents import function_tool
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from agents_runtime.dry_run import DryRunDesk
from agents_runtime.sdk.human import ask_human
from reviews import audit
from reviews.actions import trials
from reviews.actions.tool_calls import NotApproved
from reviews.audit.verify import Verified
from reviews.models import Decision, Intervention, Run
from reviews.states import RunStatus, ToolCallStatus
from tests.agents_runtime import play
from tests.agents_runtime.play import call, first, one_by_one
from tests.agents_runtime.test_parallel_calls import Undone

RULES = [{"tool": "asked"}, {"tool": "refused", "ruling": "refuse"}]
SAID = {
    "approve": {},
    "edit": {"replacement": {"key": "edited"}},
    "override": {"replacement": "by hand"},
    "reject": {"note": "No."},
}
verdicts = st.sampled_from(sorted(SAID))


@pytest.fixture
def ran():
    """What the tools did."""
    return []


@pytest.fixture
def tools(ran):
    def make(name):
        def act(key: str) -> str:
            ran.append(f"{name} {key}")
            return f"did {name} {key}"

        return function_tool(name_override=name)(act)

    return {name: make(name) for name in ("asked", "free", "refused")}


def attempt(stage, question, verdict, **said):
    """The dry run of another verdict, as far as it goes."""
    return stage.advance(trials.try_verdict(question.pk, by=stage.reviewer, verdict=verdict, **said))


def decided(run, call_id):
    return run.interventions.get(tool_call__call_id=call_id)


def count_rows():
    return Intervention.objects.count(), Decision.objects.count()


@examples(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    outer=st.lists(st.sampled_from(["asked", "asked", "free", "refused", "agent"]), min_size=1, max_size=4),
    inner=st.lists(st.sampled_from(["asked", "free", "refused"]), min_size=1, max_size=2),
    first_verdicts=st.lists(verdicts, min_size=12, max_size=12),
    tried=verdicts,
    picked=st.integers(0, 11),
    stream=st.booleans(),
)
def test_no_tool_runs_whatever_is_tried(
    stage, tools, ran, settings, outer, inner, first_verdicts, tried, picked, stream
):
    settings.FOUREYES_STREAM = stream

    def build():
        calls = [call(name, f"i{n}", key=f"i{n}") for n, name in enumerate(inner)]
        clerk = play.agent(first(*calls), *tools.values(), name="Clerk")
        agents = [call("agent", f"o{n}", input="Go.") for n, name in enumerate(outer) if name == "agent"][:1]
        plain = [call(name, f"o{n}", key=f"o{n}") for n, name in enumerate(outer) if name != "agent"]
        last = [call("asked", "last", key="last")]
        script = one_by_one([*plain, *agents], last) if plain or agents else one_by_one(last)
        return play.agent(script, *tools.values(), clerk.as_tool("agent", "Works."), name="Boss")

    with pytest.raises(Undone), transaction.atomic():
        ran.clear()
        run = stage.start(build, review=RULES)
        said = iter(first_verdicts)
        while run.status == RunStatus.AWAITING_REVIEW:
            for question in run.interventions.open():
                stage.decide(run, (verdict := next(said)), call_id=question.tool_call.call_id, **SAID[verdict])
            run = stage.advance(run)
        assert run.status == RunStatus.COMPLETED
        questions = list(run.interventions.order_by("created_at", "id"))
        before, rows = list(ran), count_rows()

        dry = attempt(stage, questions[picked % len(questions)], tried, **SAID[tried])

        assert ran == before
        assert (dry.status, dry.error) == (RunStatus.COMPLETED, "")
        assert count_rows() == rows
        # what an agent had not begun inside of itself could only be another agent
        assert not dry.tool_calls.filter(started_at__gte=dry.created_at, is_agent=False).exists()
        assert Run.objects.get(pk=run.pk).result == run.result
        assert isinstance(audit.verify(), Verified)
        raise Undone


class TestDryRun:
    @pytest.fixture
    def paid(self, stage, tools):
        """Two parallel calls, one of them asked about, and then another question; all approved."""
        turns = [[call("asked", "c1", key="a"), call("free", "c2", key="b")], [call("asked", "c3", key="c")]]
        run = stage.start(lambda: play.agent(one_by_one(*turns), *tools.values()), review=RULES)
        return stage.settle(stage.settle(run, "approve"), "approve")

    def test_comes_to_the_same_when_the_same_is_said(self, stage, paid):
        assert attempt(stage, decided(paid, "c1"), "approve").result == paid.result

    def test_shows_the_agent_the_tried_feedback_and_records_the_rest(self, stage, paid):
        dry = attempt(stage, decided(paid, "c1"), "reject", note="Not a.")

        assert "Feedback: Not a." in dry.result
        assert "c2: did free b" in dry.result and "c3: did asked c" in dry.result

    def test_hands_over_a_tried_output(self, stage, paid):
        assert "c1: by cheque" in attempt(stage, decided(paid, "c1"), "override", replacement="by cheque").result

    def test_refuses_what_was_never_recorded_and_says_so(self, stage, paid):
        dry = attempt(stage, decided(paid, "c1"), "edit", replacement={"key": "z"})

        assert "c1: Dry run: nothing was recorded for asked with these arguments" in dry.result

    def test_finds_the_output_of_another_call_with_the_edited_arguments(self, stage, paid):
        dry = attempt(stage, decided(paid, "c1"), "edit", replacement={"key": "c"})

        assert "c1: did asked c" in dry.result

    def test_takes_an_output_a_reviewer_supplied_for_no_output_of_the_tool(self, stage, tools):
        run = stage.start(lambda: play.agent(first(call("asked", "c1", key="a")), *tools.values()), review=RULES)
        run = stage.settle(run, "override", replacement="by hand")

        dry = attempt(stage, decided(run, "c1"), "approve")

        assert "nothing was recorded" in dry.result and "by hand" not in dry.result

    def test_repeats_what_people_said_at_later_gates(self, stage, tools):
        turns = [[call("asked", "c1", key="a")], [call("asked", "c2", key="b")], [call("asked", "c3", key="c")]]
        run = stage.start(lambda: play.agent(one_by_one(*turns), *tools.values()), review=RULES)
        run = stage.settle(run, "approve")
        run = stage.settle(run, "reject", note="Not b.")
        run = stage.settle(run, "override", replacement="by hand")

        dry = attempt(stage, decided(run, "c1"), "reject")

        assert "Feedback: Not b." in dry.result and "c3: by hand" in dry.result

    def test_passes_on_the_messages_of_that_gate_and_the_tried_one(self, stage, tools):
        calls = [call("asked", "c1", key="a"), call("asked", "c2", key="b")]
        run = stage.start(lambda: play.agent(first(*calls), *tools.values()), review=RULES)
        stage.decide(run, "approve", call_id="c1", context="first, as it was")
        run = stage.settle(run, "approve", call_id="c2", context="second, as it was")

        dry = attempt(stage, decided(run, "c1"), "approve", context="first, as tried")

        assert "+ first, as tried | + second, as it was" in dry.result
        assert "first, as it was" not in dry.result

    def test_tries_another_answer(self, stage):
        run = stage.start(lambda: play.agent(first(call("ask_human", question="Which?", options=None)), ask_human))
        run = stage.settle(run, "answer", replacement="The left one.")

        assert "The right one." in attempt(stage, decided(run, "c1"), "answer", replacement="The right one.").result

    def test_tries_what_an_agent_makes_of_a_final_output_sent_back(self, stage):
        run = stage.start(lambda: play.agent(lambda seen: f"Draft {seen.replies + 1}"), review_output=True)
        run = stage.settle(run, "approve")

        dry = attempt(stage, run.interventions.get(), "reject", note="Shorter.")

        assert (dry.status, dry.result, run.result) == (RunStatus.COMPLETED, "Draft 2", "Draft 1")

    def test_may_be_delivered_twice(self, stage, paid, ran):
        dry = attempt(stage, decided(paid, "c1"), "reject")

        assert stage.advance(dry).result == dry.result
        assert len(ran) == 3

    def test_goes_on_after_its_worker_died(self, stage, paid, ran):
        dry = trials.try_verdict(decided(paid, "c3").pk, by=stage.reviewer, verdict="reject", note="Not c.")
        Run.objects.filter(pk=dry.pk).update(losses=2)

        assert "Feedback: Not c." in stage.advance(dry).result


class TestDesk:
    def test_lets_no_tool_begin_even_if_the_ledger_would(self, stage, tools):
        run = stage.start(lambda: play.agent(first(call("asked", "c1", key="a")), *tools.values()), review=RULES)
        run = stage.settle(run, "approve")
        dry = trials.try_verdict(decided(run, "c1").pk, by=stage.reviewer, verdict="approve")
        dry.tool_calls.update(status=ToolCallStatus.APPROVED)

        with pytest.raises(NotApproved, match="This is a dry run, so asked"):
            DryRunDesk(dry, None, "player").begin("c1", "asked")
