"""Reserving a question, and giving it back."""

import json

import pytest
from django.core.exceptions import PermissionDenied

from reviews.actions import Conflict, interventions, runs
from reviews.models import AuditEntry
from reviews.states import InterventionStatus, Verdict
from tests.reviews.actions.conftest import book


class TestClaim:
    def test_reserves_the_item(self, refund, alice):
        claimed = interventions.claim(refund.pk, by=alice)

        assert (claimed.status, claimed.claimed_by) == (InterventionStatus.CLAIMED, alice)
        assert claimed.claimed_at is not None
        assert AuditEntry.objects.last().action == "intervention.claimed"

    def test_of_ones_own_claim_changes_nothing(self, refund, alice):
        first = interventions.claim(refund.pk, by=alice)
        again = interventions.claim(refund.pk, by=alice)

        assert again.claimed_at == first.claimed_at
        assert book().count("intervention.claimed") == 1

    def test_does_not_make_an_open_form_stale(self, refund, alice):
        interventions.claim(refund.pk, by=alice)
        interventions.decide(refund.pk, by=alice, verdict=Verdict.APPROVE, version=refund.version)

    def test_of_a_colleagues_item_names_them(self, refund, alice, bob):
        interventions.claim(refund.pk, by=alice)
        with pytest.raises(Conflict, match=r"alice has claimed this item since \d\d \w{3} \d{4} at"):
            interventions.claim(refund.pk, by=bob)

    def test_of_a_decided_item_says_who_decided_it(self, refund, alice, bob):
        interventions.decide(refund.pk, by=alice, verdict=Verdict.APPROVE)
        with pytest.raises(Conflict, match="alice approved this item"):
            interventions.claim(refund.pk, by=bob)

    @pytest.mark.parametrize("who", ["charlie", "otto", "admin"])
    def test_needs_a_seat(self, refund, who, request):
        with pytest.raises(PermissionDenied):
            interventions.claim(refund.pk, by=request.getfixturevalue(who))


@pytest.fixture(params=["inactive", "without a seat"])
def left_behind(refund, alice, request):
    """An item that alice claimed before she left."""
    claimed = interventions.claim(refund.pk, by=alice)
    if request.param == "inactive":
        alice.is_active = False
        alice.save(update_fields=["is_active"])
    else:
        alice.memberships.all().delete()
    return claimed


class TestClaimOfSomebodyWhoLeft:
    def test_may_be_taken_over(self, left_behind, bob):
        taken = interventions.claim(left_behind.pk, by=bob)

        assert (taken.status, taken.claimed_by) == (InterventionStatus.CLAIMED, bob)
        assert taken.claimed_at > left_behind.claimed_at

    def test_keeps_nobody_from_deciding(self, left_behind, bob):
        assert interventions.decide(left_behind.pk, by=bob, verdict=Verdict.APPROVE).decided_by == bob

    def test_may_be_released_by_a_colleague_and_the_book_says_whose_it_was(self, left_behind, bob):
        assert interventions.release(left_behind.pk, by=bob).status == InterventionStatus.PENDING
        assert json.loads(AuditEntry.objects.last().data) == {"held_by": "alice"}

    def test_gives_them_no_right_back(self, left_behind, alice):
        with pytest.raises(PermissionDenied):
            interventions.decide(left_behind.pk, by=alice, verdict=Verdict.APPROVE)


class TestRelease:
    @pytest.fixture
    def claimed(self, refund, alice):
        return interventions.claim(refund.pk, by=alice)

    def test_gives_it_back_to_everybody(self, claimed, alice, bob):
        released = interventions.release(claimed.pk, by=alice)

        assert (released.status, released.claimed_by, released.claimed_at) == (InterventionStatus.PENDING, None, None)
        assert interventions.claim(claimed.pk, by=bob).claimed_by == bob

    def test_is_open_to_a_manager_and_the_book_says_whose_claim_it_was(self, claimed, mara):
        interventions.release(claimed.pk, by=mara)

        entry = AuditEntry.objects.last()
        assert (entry.actor, json.loads(entry.data)) == ("mara", {"held_by": "alice"})

    def test_is_refused_to_a_colleague(self, claimed, bob):
        with pytest.raises(Conflict, match="alice holds this item; only they or a manager"):
            interventions.release(claimed.pk, by=bob)

    def test_of_an_unclaimed_item_changes_nothing(self, refund, alice):
        before = book()
        assert interventions.release(refund.pk, by=alice).status == InterventionStatus.PENDING
        assert book() == before

    def test_of_a_closed_item_says_who_closed_it(self, claimed, alice, mara):
        runs.stop(claimed.run_id, by=mara)
        with pytest.raises(Conflict, match="mara stopped the run"):
            interventions.release(claimed.pk, by=alice)

    def test_needs_a_seat(self, claimed, charlie):
        with pytest.raises(PermissionDenied):
            interventions.release(claimed.pk, by=charlie)
