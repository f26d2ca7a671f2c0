"""Two managers at once, and the clock against them."""

from functools import partial

import pytest

from reviews.actions import Conflict, assignments, interventions
from reviews.models import AuditEntry, Intervention, Membership
from reviews.states import Verdict
from tests import factories
from tests.races.conftest import race, split

pytestmark = pytest.mark.both


@pytest.fixture
def nora(queue):
    """Another manager of the queue."""
    person = factories.user("nora")
    factories.seat(person, queue, Membership.Role.MANAGER)
    return person


class TestTwoManagers:
    @pytest.mark.parametrize("_", range(5))
    def test_who_assign_one_item_leave_it_with_one(self, alice, bob, mara, nora, _):
        item = factories.question()

        won, lost = split(
            race(
                partial(assignments.assign, item.pk, to=alice, by=mara),
                partial(assignments.assign, item.pk, to=bob, by=nora),
            )
        )

        assert (len(won), [type(error) for error in lost]) == (1, [Conflict])
        assert Intervention.objects.get(pk=item.pk).assignee == won[0].assignee
        assert AuditEntry.objects.filter(action="intervention.assigned").count() == 1

    @pytest.mark.parametrize("_", range(5))
    def test_who_move_one_item_move_it_once(self, alice, bob, mara, nora, _):
        item = factories.question()
        assignments.assign(item.pk, to=alice, by=mara)
        move = partial(assignments.reassign, item.pk, seen=alice.pk)

        won, lost = split(race(partial(move, to=bob, by=mara), partial(move, to=nora, by=nora)))

        assert (len(won), [type(error) for error in lost]) == (1, [Conflict])
        assert Intervention.objects.get(pk=item.pk).assignee == won[0].assignee


class TestAssignAgainstDecide:
    @pytest.mark.parametrize("_", range(5))
    def test_the_verdict_stands_whoever_comes_first(self, alice, bob, mara, _):
        item = factories.question()

        _decision, assigned = race(
            partial(interventions.decide, item.pk, by=alice, verdict=Verdict.APPROVE),
            partial(assignments.assign, item.pk, to=bob, by=mara),
        )

        item.refresh_from_db()
        assert (item.status, item.outcome) == ("decided", "approved")
        assert isinstance(assigned, Conflict) == (item.assignee is None)
