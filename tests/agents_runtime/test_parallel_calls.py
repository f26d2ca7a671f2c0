"""Any number of calls at one gate: none runs that was not let through or approved, and each of those runs once."""

from dataclasses import dataclass

import pytest
from agents import function_tool
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from reviews import audit
from reviews.audit.verify import Verified
from reviews.states import RunStatus
from tests.agents_runtime import play
from tests.agents_runtime.play import call, first

VERDICTS = ("approve", "edit", "override", "reject", "undecided")


@dataclass(frozen=True)
class Wish:
    """One call of the turn: how the rules see it, and what a human says where one is asked."""

    ruling: str
    verdict: str
    is_async: bool

    @property
    def runs(self) -> bool:
        return self.ruling == "let_through" or (self.ruling == "asked" and self.verdict in ("approve", "edit"))


wishes = st.lists(
    st.builds(
        Wish, st.sampled_from(["let_through", "asked", "asked", "refused"]), st.sampled_from(VERDICTS), st.booleans()
    ),
    min_size=1,
    max_size=4,
)
RULES = [{"tool": "asked*"}, {"tool": "refused*", "ruling": "refuse"}, {"tool": "let_through*", "ruling": "allow"}]


class Undone(Exception):
    """Takes back what one example wrote."""


def tools_into(ran: list[str]) -> list:
    def make(name: str, *, is_async: bool):
        def act(key: str) -> str:
            ran.append(key)
            return f"did {key}"

        async def act_async(key: str) -> str:
            return act(key)

        return function_tool(name_override=name, strict_mode=True)(act_async if is_async else act)

    rulings = ("let_through", "asked", "refused")
    return [make(f"{r}_{'async' if a else 'sync'}", is_async=a) for r in rulings for a in (True, False)]


def ask_for(wishes: list[Wish]) -> list:
    return [
        call(f"{wish.ruling}_{'async' if wish.is_async else 'sync'}", f"c{n}", key=f"c{n}")
        for n, wish in enumerate(wishes)
    ]


def decide(stage, run, number: int, verdict: str) -> None:
    said = {"edit": {"replacement": {"key": f"c{number} edited"}}, "override": {"replacement": "by hand"}}
    stage.decide(run, verdict, call_id=f"c{number}", **said.get(verdict, {}))


def expected(wishes: list[Wish]) -> list[str]:
    edited = {n for n, wish in enumerate(wishes) if wish.ruling == "asked" and wish.verdict == "edit"}
    return sorted(f"c{n} edited" if n in edited else f"c{n}" for n, wish in enumerate(wishes) if wish.runs)


@pytest.mark.parametrize("stream", [False, True])
@examples(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wishes=wishes, order=st.randoms(use_true_random=False))
def test_only_what_may_run_runs_and_it_runs_once(stage, settings, stream, wishes, order):
    settings.FOUREYES_STREAM = stream
    ran: list[str] = []
    with pytest.raises(Undone), transaction.atomic():
        run = stage.start(lambda: play.agent(first(*ask_for(wishes)), *tools_into(ran)), review=RULES)
        asked = [n for n, wish in enumerate(wishes) if wish.ruling == "asked"]
        if asked:
            assert ran == []  # the gate is one: what was let through waits with what was asked
        order.shuffle(asked)
        for number in asked:
            assert stage.advance(run).status == RunStatus.AWAITING_REVIEW
            if wishes[number].verdict != "undecided":
                decide(stage, run, number, wishes[number].verdict)
        run = stage.advance(run)
        run = stage.advance(run)  # the same task, delivered twice

        if any(wishes[number].verdict == "undecided" for number in asked):
            assert (run.status, ran) == (RunStatus.AWAITING_REVIEW, [])
        else:
            assert (run.status, run.error) == (RunStatus.COMPLETED, "")
            assert sorted(ran) == expected(wishes)
            assert all(f"c{number}: " in run.result for number in range(len(wishes)))
        assert isinstance(audit.verify(), Verified)
        raise Undone


class TestTurnAfterTurn:
    def test_what_was_let_through_beside_a_question_runs_with_it_and_not_again(self, stage):
        ran: list[str] = []
        turns = [[call("let_through_sync", "c1", key="a"), call("asked_sync", "c2", key="b")]]
        turns += [[call("let_through_async", "c3", key="c")], [call("asked_async", "c4", key="d")]]
        run = stage.start(lambda: play.agent(play.one_by_one(*turns), *tools_into(ran)), review=RULES)
        assert ran == []

        run = stage.settle(run, "approve", call_id="c2")
        assert sorted(ran) == ["a", "b", "c"]

        run = stage.settle(run, "approve", call_id="c4")
        assert sorted(ran) == ["a", "b", "c", "d"]
        assert run.status == RunStatus.COMPLETED
