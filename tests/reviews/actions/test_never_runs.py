"""The promise: what nobody let through never runs, in whatever company it was proposed."""

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviews.actions import LeaseLost, gates, interventions, leases, tool_calls
from reviews.actions.tool_calls import NotApproved
from reviews.models import Run
from reviews.states import Ruling, RunStatus, ToolCallStatus, Verdict
from tests import factories

EDITED = {"customer_id": "C-1", "amount": 1}
REPLACEMENT = {Verdict.EDIT: EDITED, Verdict.OVERRIDE: "By hand."}
UNDECIDED = None


@dataclass(frozen=True)
class Call:
    """One of several calls a model asks for at once, and what people will say of it."""

    ruling: Ruling
    verdict: Verdict | None
    idempotent: bool
    is_agent: bool

    @property
    def may_run(self) -> bool:
        said = self.verdict in (Verdict.APPROVE, Verdict.EDIT)
        return self.ruling == Ruling.LET_THROUGH or (self.ruling == Ruling.ASKED and said)

    @property
    def may_run_again(self) -> bool:
        return self.may_run and (self.idempotent or self.is_agent)


calls = st.builds(
    Call,
    st.sampled_from(list(Ruling)),
    st.sampled_from([Verdict.APPROVE, Verdict.EDIT, Verdict.OVERRIDE, Verdict.REJECT, UNDECIDED]),
    st.booleans(),
    st.booleans(),
)


class Executed(Exception):
    """Ends one example, whose rows are then rolled back."""


def attempt(run: Run, ids: list[str], done: Counter[str]) -> None:
    """Try hard to run everything: each call begins twice, then comes back, then begins and comes back again."""
    for step in (factories.begin, factories.begin, finish, factories.begin, finish):
        for call_id in ids:
            try:
                with transaction.atomic():
                    call = step(run, call_id)
            except (NotApproved, LeaseLost):
                continue
            if call is not None and call.status == ToolCallStatus.STARTED:
                done[call_id] += 1


def finish(run: Run, call_id: str) -> None:
    tool_calls.finish(run, call_id, "done")


def forge_lease(run: Run) -> Run:
    """What a confused database or operator could do at worst: a worker owns the run while questions are open."""
    later = timezone.now() + timedelta(hours=1)
    Run.objects.filter(pk=run.pk).update(status=RunStatus.RUNNING, lease=uuid.uuid4(), lease_expires_at=later)
    return Run.objects.get(pk=run.pk)


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=st.lists(calls, min_size=1, max_size=4), order=st.randoms(use_true_random=False))
def test_only_what_was_let_through_runs_and_runs_once(alice, plan, order):
    with pytest.raises(Executed), transaction.atomic():
        run = factories.leased()
        ids = [f"c{number}" for number in range(len(plan))]
        by_id = dict(zip(ids, plan, strict=True))
        done: Counter[str] = Counter()
        attempt(run, ids, done)
        assert not done, "ran before the gate"

        gates.park(run, factories.state(), [proposed(call_id, call) for call_id, call in by_id.items()])
        questions = list(run.interventions.select_related("tool_call"))
        order.shuffle(questions)
        left = [call_id for call_id, call in by_id.items() if call.ruling == Ruling.ASKED]
        for question in questions:
            attempt(run, left, done)
            assert not done, "ran while a question was open, by the worker that had asked"
            verdict = by_id[question.tool_call.call_id].verdict
            if verdict is not UNDECIDED:
                interventions.decide(question.pk, by=alice, verdict=verdict, replacement=REPLACEMENT.get(verdict))

        undecided = any(call.ruling == Ruling.ASKED and call.verdict is UNDECIDED for call in plan)
        if questions:
            taken = leases.take(run.pk, worker="worker-2")
            assert (taken is None) == undecided
            run = taken or forge_lease(run)
        attempt(run, ids, done)

        check(run, by_id, done)
        raise Executed


def proposed(call_id: str, call: Call) -> gates.Proposal:
    return factories.proposal(call_id=call_id, ruling=call.ruling, idempotent=call.idempotent, is_agent=call.is_agent)


def check(run: Run, by_id: dict[str, Call], done: Counter[str]) -> None:
    for call_id, call in by_id.items():
        row = run.tool_calls.get(call_id=call_id)
        expected = 0 if not call.may_run else 2 if call.may_run_again else 1
        assert done[call_id] == expected, (call, row.status)
        assert (row.status == ToolCallStatus.DONE) == call.may_run
        assert (row.started_at is not None) == call.may_run
        if call.may_run:
            edited = call.ruling == Ruling.ASKED and call.verdict == Verdict.EDIT
            assert row.executed == (EDITED if edited else row.proposed)
