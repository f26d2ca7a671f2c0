"""Several people vote at once."""

from functools import partial

import pytest

from reviews.actions import Conflict, gates, interventions
from reviews.models import Decision, Intervention
from reviews.states import RunStatus, Verdict
from tests import factories
from tests.races.conftest import race, split
from tests.reviews.actions.votes import asked, bound

LESS = {"customer_id": "C-88213", "amount": 100}
pytestmark = pytest.mark.both


def vote(item, by, verdict=Verdict.APPROVE, **said):
    return partial(interventions.decide, item.pk, by=by, verdict=verdict, **said)


def reread(item):
    return Intervention.objects.select_related("run").get(pk=item.pk)


class TestVotes:
    @pytest.mark.parametrize("_", range(8))
    def test_for_the_second_place_settle_it_once(self, queue, alice, bob, mara, _):
        item = asked()
        vote(item, alice)()

        won, lost = split(race(vote(item, bob), vote(item, mara)))

        assert (len(won), len(lost)) == (1, 1)
        assert isinstance(lost[0], Conflict) and "approved this item" in str(lost[0])
        item = reread(item)
        assert (item.outcome, item.votes, item.run.status) == ("approved", 2, RunStatus.QUEUED)
        assert Decision.objects.count() == 2

    @pytest.mark.parametrize("_", range(8))
    def test_of_two_at_once_are_both_counted(self, queue, alice, bob, _):
        item = asked()
        won, lost = split(race(vote(item, alice), vote(item, bob)))
        assert (len(won), lost) == (2, [])
        assert (reread(item).outcome, reread(item).version) == ("approved", 3)

    @pytest.mark.parametrize("_", range(5))
    def test_of_one_person_in_many_tabs_count_once(self, queue, alice, _):
        item = asked()
        won, lost = split(race(*[vote(item, alice)] * 3))
        assert (len(won), len(lost)) == (1, 2)
        assert all("You have voted" in str(refusal) for refusal in lost)
        assert (reread(item).is_open, reread(item).votes) == (True, 1)

    @pytest.mark.parametrize("_", range(8))
    def test_on_the_version_both_saw_count_one_and_send_the_other_back(self, queue, alice, bob, _):
        """An edit races an approval: whichever is second has not seen what it would agree to."""
        item = asked()
        edit = vote(item, alice, Verdict.EDIT, replacement=LESS, version=1)
        won, lost = split(race(edit, vote(item, bob, version=1)))
        assert (len(won), len(lost)) == (1, 1)
        assert isinstance(lost[0], Conflict) and "has changed since you opened it" in str(lost[0])
        assert reread(item).votes == 1

    @pytest.mark.parametrize("_", range(5))
    def test_for_and_against_end_in_one_of_two_clean_ways(self, queue, alice, bob, mara, _):
        item = asked()
        vote(item, alice)()
        won, lost = split(race(vote(item, bob), vote(item, mara, Verdict.REJECT)))
        assert (len(won), len(lost)) == (1, 1)
        call = reread(item).tool_call
        assert call.status == ("approved" if won[0].verdict == Verdict.APPROVE else "refused")

    @pytest.mark.parametrize("_", range(12))
    def test_that_settle_the_last_two_questions_never_leave_the_run_asleep(self, queue, alice, bob, mara, _):
        run = factories.leased()
        gates.park(run, factories.state(), [factories.proposal(), factories.proposal()])
        first, second = (bound(item, approvals=2) for item in run.interventions.order_by("tool_call"))
        for item in (first, second):
            vote(item, alice)()

        won, lost = split(race(vote(first, bob), vote(second, mara)))

        assert (len(won), lost) == (2, [])
        run.refresh_from_db()
        assert run.status == RunStatus.QUEUED
