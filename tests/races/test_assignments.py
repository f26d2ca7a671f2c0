"""Two managers at once, and the clock against them."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone

from reviews.actions import Conflict, assignments, holding, interventions
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


class TestExpiryAgainstDecide:
    @pytest.mark.parametrize("_", range(5))
    def test_loses_no_verdict_and_reopens_nothing(self, alice, _):
        item = factories.question()
        interventions.claim(item.pk, by=alice)
        Intervention.objects.filter(pk=item.pk).update(claim_expires_at=timezone.now())

        decision, expired = race(
            partial(interventions.decide, item.pk, by=alice, verdict=Verdict.APPROVE), holding.expire_claims
        )

        item.refresh_from_db()
        assert (item.status, item.outcome, decision.decided_by) == ("decided", "approved", alice)
        assert AuditEntry.objects.filter(action="claim.expired").count() == expired

    @pytest.mark.parametrize("_", range(5))
    def test_is_recorded_once_by_two_clocks(self, alice, _):
        item = factories.question()
        interventions.claim(item.pk, by=alice)
        Intervention.objects.filter(pk=item.pk).update(claim_expires_at=timezone.now())
        assert sorted(race(holding.expire_claims, holding.expire_claims)) == [0, 1]
        assert AuditEntry.objects.filter(action="claim.expired").count() == 1


class TestRenewAgainstExpiry:
    @pytest.mark.parametrize("_", range(5))
    def test_leaves_a_claim_that_is_whole_or_none(self, alice, _):
        item = factories.question()
        interventions.claim(item.pk, by=alice)
        Intervention.objects.filter(pk=item.pk).update(claim_expires_at=timezone.now() + timedelta(milliseconds=30))
        race(partial(holding.renew, item.pk, by=alice), holding.expire_claims)
        item.refresh_from_db()
        assert (item.status == "claimed") == (item.claimed_by == alice) == (item.claim_expires_at is not None)


class TestTwoPicks:
    @pytest.mark.parametrize("_", range(5))
    def test_are_two_peoples(self, queue, alice, bob, _):
        def pick():
            with transaction.atomic():
                return assignments.pick(queue, [alice, bob])

        assert {person.username for person in race(pick, pick)} == {"alice", "bob"}
