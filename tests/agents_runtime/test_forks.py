"""Running again from a checkpoint, through the real SDK: what was done is remembered, what waited is judged anew."""

import pytest
from agents import RunContextWrapper, function_tool

from agents_runtime import idempotency_key
from reviews import audit
from reviews.actions import forks, review_policies
from reviews.audit.verify import Verified
from reviews.models import ReviewPolicy, Run, Span
from reviews.states import Kind, RunStatus, ToolCallStatus
from tests.agents_runtime import play
from tests.agents_runtime.play import call, first, one_by_one

ASK = [{"tool": "pay"}]


@pytest.fixture
def ran():
    """What the tools did: the argument, the key, and the run their context names."""
    return []


@pytest.fixture
def tools(ran):
    def noting(name):
        def act(context: RunContextWrapper[dict], to: str) -> str:
            ran.append((f"{name} {to}", idempotency_key(), context.context["run_id"]))
            return f"{name} {to} is done"

        return function_tool(name_override=name)(act)

    return [noting("look"), noting("pay")]


def fork(stage, run, number):
    """A fork from that checkpoint, advanced once."""
    return stage.advance(forks.fork(run.checkpoints.get(number=number).pk, by=stage.reviewer))


def asked_at(run):
    return [(one.number, one.asked) for one in run.checkpoints.order_by("number")]


@pytest.fixture
def two_payments(stage, tools):
    """A run that looked, then asked about a payment, then about another; both approved."""
    turns = [[call("look", "c1", to="Ann")], [call("pay", "c2", to="Ann")], [call("pay", "c3", to="Bob")]]
    run = stage.start(lambda: play.agent(one_by_one(*turns), *tools), review=ASK)
    run = stage.settle(stage.settle(run, "approve"), "approve")
    assert run.status == RunStatus.COMPLETED
    return run


class TestFork:
    def test_asks_anew_what_waited_there(self, stage, two_payments, ran):
        again = fork(stage, two_payments, 2)

        assert again.status == RunStatus.AWAITING_REVIEW
        assert stage.question(again).tool_call.call_id == "c2"
        assert len(ran) == 3  # nothing has run since
        assert again.tool_calls.get(call_id="c1").status == ToolCallStatus.DONE

    def test_goes_on_to_its_own_end_and_leaves_the_other_alone(self, stage, two_payments, ran):
        again = stage.settle(fork(stage, two_payments, 2), "reject", note="Not Ann.")
        again = stage.settle(again, "approve")

        assert again.status == RunStatus.COMPLETED
        assert "c1: look Ann is done" in again.result
        assert "Not Ann." in again.result and "pay Bob is done" in again.result
        before = two_payments.result
        two_payments.refresh_from_db()
        assert (two_payments.status, two_payments.result) == (RunStatus.COMPLETED, before)
        assert isinstance(audit.verify(), Verified)

    def test_repeats_no_call_that_came_before(self, stage, two_payments, ran):
        again = stage.settle(fork(stage, two_payments, 3), "approve")

        assert again.status == RunStatus.COMPLETED
        assert [what for what, _, _ in ran] == ["look Ann", "pay Ann", "pay Bob", "pay Bob"]

    def test_gives_its_effects_keys_and_a_context_of_their_own(self, stage, two_payments, ran):
        again = stage.settle(fork(stage, two_payments, 3), "approve")

        assert ran[-2][1:] == (f"{two_payments.pk}:c3", str(two_payments.pk))
        assert ran[-1][1:] == (f"{again.pk}:c3", str(again.pk))

    def test_judges_by_the_policy_of_today(self, stage, two_payments, ran, mara, admin):
        policy = ReviewPolicy.objects.get(slug=two_payments.agent)
        refusing = review_policies.draft(policy.slug, by=mara, body={"rules": [{"tool": "pay", "ruling": "refuse"}]})
        review_policies.activate(refusing.pk, by=admin)

        again = fork(stage, two_payments, 2)

        assert again.status == RunStatus.COMPLETED
        assert again.result.count("Refused by policy") == 2
        assert len(ran) == 3

    def test_has_a_trace_of_its_own(self, stage, two_payments):
        again = stage.settle(fork(stage, two_payments, 3), "approve")

        assert again.trace_id != two_payments.trace_id
        assert set(Span.objects.filter(run=again).values_list("trace_id", flat=True)) == {again.trace_id}

    def test_can_itself_be_forked(self, stage, two_payments, ran):
        once = fork(stage, two_payments, 2)
        twice = fork(stage, once, once.checkpoints.latest("number").number)

        twice = stage.settle(stage.settle(twice, "approve"), "approve")

        assert (twice.status, twice.fork_of) == (RunStatus.COMPLETED, once)
        assert [what for what, _, _ in ran] == ["look Ann", "pay Ann", "pay Bob", "pay Ann", "pay Bob"]

    def test_asks_again_after_its_worker_died_at_the_start(self, stage, two_payments):
        queued = forks.fork(two_payments.checkpoints.get(number=2).pk, by=stage.reviewer)
        Run.objects.filter(pk=queued.pk).update(losses=1)

        again = stage.advance(stage.advance(queued))

        assert again.interventions.count() == 1

    def test_takes_a_decision_only_at_its_own_gate(self, stage, two_payments):
        again = fork(stage, two_payments, 2)

        assert again.interventions.count() == 1
        assert again.interventions.get().status == "pending"

    def test_asks_about_every_call_of_the_gate(self, stage, tools, ran):
        calls = [call("pay", "c1", to="Ann"), call("look", "c2", to="Ann"), call("pay", "c3", to="Bob")]
        run = stage.start(lambda: play.agent(first(*calls), *tools), review=ASK)
        stage.decide(run, "approve", call_id="c1")
        run = stage.settle(run, "override", call_id="c3", replacement="by hand")

        again = fork(stage, run, 1)
        assert again.interventions.open().count() == 2
        stage.decide(again, "override", call_id="c1", replacement="by cheque")
        again = stage.settle(again, "approve", call_id="c3")

        assert again.result == "c1: by cheque | c2: look Ann is done | c3: pay Bob is done"

    def test_waits_anew_for_the_release_of_an_output(self, stage):
        def script(seen):
            return f"Draft {seen.replies + 1}"

        run = stage.start(lambda: play.agent(script), review_output=True)
        run = stage.settle(run, "approve")
        again = fork(stage, run, 1)

        assert stage.question(again).kind == Kind.FINAL_OUTPUT
        assert stage.question(again).proposal == {"output": "Draft 1"}
        again = stage.settle(again, "reject", note="Shorter.")
        assert stage.settle(again, "approve").result == "Draft 2"

    def test_completes_at_once_where_outputs_are_reviewed_no_more(self, stage):
        run = stage.settle(stage.start(lambda: play.agent(lambda seen: "Draft"), review_output=True), "approve")
        stage.register(lambda: play.agent(lambda seen: "Draft"))

        assert fork(stage, run, 1).result == "Draft"


class TestNested:
    @pytest.fixture
    def nested(self, stage, tools, ran):
        """A run whose agent asks another one, which asks about a payment; beside it, the first one pays as well."""

        def build():
            clerk = play.agent(first(call("pay", "inner", to="Ann")), *tools, name="Clerk")
            outer = [call("clerk", "agent", input="Pay Ann."), call("look", "beside", to="Bob")]
            return play.agent(first(*outer), clerk.as_tool("clerk", "Pays."), tools[0], name="Boss")

        run = stage.start(build, review=ASK)
        assert [what for what, _, _ in ran] == ["look Bob"]
        return stage.settle(run, "approve")

    def test_enters_the_inner_agent_again_and_repeats_nothing_beside_it(self, stage, nested, ran):
        assert nested.status == RunStatus.COMPLETED
        number = nested.interventions.get().checkpoint.number

        again = fork(stage, nested, number)
        assert stage.question(again).tool_call.call_id == "inner"
        again = stage.settle(again, "override", replacement="by hand")

        assert (again.status, again.error) == (RunStatus.COMPLETED, "")
        assert "by hand" in again.result and "look Bob is done" in again.result
        assert [what for what, _, _ in ran] == ["look Bob", "pay Ann"]
        assert again.tool_calls.get(call_id="agent").status == ToolCallStatus.DONE

    def test_tells_inner_tools_the_new_run(self, stage, nested, ran):
        number = nested.interventions.get().checkpoint.number

        again = stage.settle(fork(stage, nested, number), "approve")

        assert ran[-1] == ("pay Ann", f"{again.pk}:inner", str(again.pk))
