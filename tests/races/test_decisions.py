"""Two reviewers at once."""

from functools import partial

import pytest

from reviews.actions import Conflict, gates, interventions, runs
from reviews.models import Decision, Intervention, Run
from reviews.states import RunStatus, Verdict
from tests import factories
from tests.races.conftest import race, split


def asked(count):
    run = factories.leased()
    gates.park(run, factories.state(), [factories.proposal() for _ in range(count)])
    return run, list(run.interventions.values_list("pk", flat=True))


def decide(pk, by, verdict=Verdict.APPROVE):
    return partial(interventions.decide, pk, by=by, verdict=verdict)


class TestTwoReviewers:
    @pytest.mark.parametrize("_", range(15))
    def test_of_one_item_make_one_decision(self, alice, bob, _):
        run, (item,) = asked(1)

        won, lost = split(race(decide(item, alice), decide(item, bob, Verdict.REJECT)))

        assert (len(won), len(lost)) == (1, 1)
        assert isinstance(lost[0], Conflict)
        assert won[0].decided_by.username in str(lost[0])
        assert Decision.objects.filter(intervention__run=run).count() == 1
        expected = "approved" if won[0].verdict == Verdict.APPROVE else "refused"
        assert run.tool_calls.get().status == expected

    @pytest.mark.parametrize("_", range(5))
    def test_in_two_tabs_of_one_person_make_one_decision(self, alice, _):
        _run, (item,) = asked(1)
        won, lost = split(race(*[decide(item, alice)] * 4))
        assert (len(won), len(lost)) == (1, 3)
        assert all(isinstance(refusal, Conflict) for refusal in lost)

    @pytest.mark.parametrize("_", range(50))
    def test_of_the_last_two_items_never_leave_the_run_asleep(self, alice, bob, _):
        run, (first, second) = asked(2)

        won, lost = split(race(decide(first, alice), decide(second, bob)))

        assert (len(won), lost) == (2, [])
        run.refresh_from_db()
        assert run.status == RunStatus.QUEUED
        assert not run.interventions.open().exists()

    @pytest.mark.parametrize("_", range(5))
    def test_of_many_items_queue_the_run_once(self, alice, bob, mara, _):
        run, items = asked(6)
        people = [alice, bob, mara] * 2
        won, lost = split(race(*[decide(item, by) for item, by in zip(items, people, strict=True)]))
        assert (len(won), lost) == (6, [])
        run.refresh_from_db()
        assert run.status == RunStatus.QUEUED

    @pytest.mark.parametrize("_", range(5))
    def test_who_claim_one_item_leave_it_with_one(self, alice, bob, _):
        _run, (item,) = asked(1)
        won, lost = split(race(*[partial(interventions.claim, item, by=person) for person in (alice, bob)]))
        assert (len(won), len(lost)) == (1, 1) and isinstance(lost[0], Conflict)
        assert Intervention.objects.get(pk=item).claimed_by == won[0].claimed_by

    @pytest.mark.parametrize("_", range(5))
    def test_deciding_and_claiming_agree_on_who_was_first(self, alice, bob, _):
        _run, (item,) = asked(1)
        decided, claimed = race(decide(item, alice), partial(interventions.claim, item, by=bob))
        row = Intervention.objects.get(pk=item)
        if isinstance(decided, Conflict):
            assert (row.status, row.claimed_by) == ("claimed", bob)
        else:
            assert (row.status, isinstance(claimed, Conflict)) == ("decided", True)


class TestStopAgainstDecide:
    @pytest.mark.parametrize("_", range(15))
    def test_ends_in_one_of_two_clean_ways(self, alice, mara, _):
        run, (item,) = asked(1)

        decision, stopped = race(decide(item, alice), partial(runs.stop, run.pk, by=mara))

        assert isinstance(stopped, Run)
        run.refresh_from_db()
        row, call = Intervention.objects.get(pk=item), run.tool_calls.get()
        assert (run.status, call.status) == (RunStatus.CANCELLED, "cancelled")
        if isinstance(decision, Conflict):
            assert (row.status, "mara stopped the run" in str(decision)) == ("cancelled", True)
        else:
            assert (row.status, row.outcome) == ("decided", "approved")
