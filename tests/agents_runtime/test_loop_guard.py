"""An agent that asks for the same again and again, through the real SDK."""

import pytest
from agents import function_tool
from django.core.exceptions import ImproperlyConfigured

from agents_runtime import registry
from agents_runtime.sdk.human import ask_human
from reviews.states import RunStatus
from tests.agents_runtime import play
from tests.agents_runtime.play import call

ASK = [{"tool": "pay"}]


@pytest.fixture
def paid():
    return []


@pytest.fixture
def stubborn(paid):
    """Builds an agent that asks for the same payment until it is made."""

    @function_tool
    def pay(to: str) -> str:
        paid.append(to)
        return f"paid {to}"

    def script(seen):
        if any("paid" in str(output) for output in seen.outputs.values()):
            return "done"
        return [call("pay", f"c{len(seen.outputs)}", to="Ann")]

    return lambda: play.agent(script, pay)


def reject(stage, run, times):
    for _ in range(times):
        run = stage.settle(run, "reject", note="Not yet.")
    return run


class TestLoopGuard:
    def test_tells_the_reviewer_and_then_ends_the_run(self, stage, stubborn, paid):
        run = reject(stage, stage.start(stubborn, review=ASK), 2)
        assert stage.question(run).rejections == 2

        run = reject(stage, run, 1)

        assert (run.status, run.error_code, paid) == (RunStatus.FAILED, "repeated_proposal", [])
        assert run.interventions.count() == 3

    def test_lets_the_last_attempt_through_when_it_is_approved(self, stage, stubborn, paid):
        run = reject(stage, stage.start(stubborn, review=ASK), 2)

        run = stage.settle(run, "approve")

        assert (run.status, paid) == (RunStatus.COMPLETED, ["Ann"])

    def test_ends_sooner_for_an_agent_registered_so(self, stage, stubborn):
        run = reject(stage, stage.start(stubborn, review=ASK, max_rejections=1), 1)

        assert run.error_code == "repeated_proposal"

    def test_ends_a_run_whose_questions_nobody_answers(self, stage):
        def script(seen):
            return [call("ask_human", f"c{len(seen.outputs)}", question="May I?", options=None)]

        run = stage.start(lambda: play.agent(script, ask_human), max_rejections=2)

        assert reject(stage, run, 2).error_code == "repeated_proposal"

    def test_ends_a_run_that_writes_the_same_output_for_ever(self, stage):
        run = stage.start(lambda: play.agent(lambda seen: "Dear customer"), review_output=True)

        run = reject(stage, run, 3)

        assert run.error_code == "repeated_proposal"
        assert run.result is None


@pytest.mark.parametrize("number", [0, -1])
def test_an_agent_that_may_never_be_rejected_is_refused(number):
    with pytest.raises(ImproperlyConfigured, match="max_rejections"):
        registry.register("actor", queue="support", version="1", max_rejections=number)
