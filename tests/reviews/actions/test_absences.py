"""Out of office: planned, ended, and what becomes of what was theirs."""

import json
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from reviews.actions import Conflict, Invalid, absences, assignments, interventions, presence
from reviews.models import Absence, AuditEntry, Intervention, Membership
from tests import factories
from tests.reviews.actions.conftest import book

DAY = timedelta(days=1)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def away(alice, now):
    """Plan alice's absence: from when to when, in days from now."""

    def plan(begins=0.0, ends=1.0, *, delegate=None, by=None):
        return absences.leave(
            alice, starts_at=now + begins * DAY, ends_at=now + ends * DAY, delegate=delegate, by=by or alice
        )

    return plan


class TestLeave:
    def test_says_who_is_away_and_who_stands_in(self, away, alice, bob):
        away(delegate=bob)

        assert presence.away([alice.pk, bob.pk]) == {alice.pk}
        entry = AuditEntry.objects.order_by("seq").last()
        assert (entry.action, entry.actor) == ("absence.planned", "alice")
        assert json.loads(entry.data).keys() == {"name", "from", "until", "delegate"}

    def test_ahead_changes_nothing_yet(self, away, alice):
        away(1, 2)
        assert presence.away([alice.pk]) == set()

    def test_may_be_planned_by_a_manager_of_theirs_and_by_no_colleague(self, away, mara, bob, otto):
        away(by=mara)
        for person in (bob, otto):
            with pytest.raises(PermissionDenied):
                away(2, 3, by=person)

    def test_of_somebody_with_a_seat_elsewhere_is_theirs_and_the_admins_to_plan(self, away, alice, mara, admin):
        factories.seat(alice, factories.queue("legal"))
        with pytest.raises(PermissionDenied, match="does not manage every queue"):
            away(by=mara)
        absence = away(by=admin)
        with pytest.raises(PermissionDenied):
            absences.come_back(absence.pk, by=mara)
        absences.come_back(absence.pk, by=alice)

    def test_is_not_for_a_manager_of_another_queue(self, away):
        nora = factories.user("nora")
        factories.seat(nora, factories.queue("legal"), Membership.Role.MANAGER)
        with pytest.raises(PermissionDenied):
            away(by=nora)

    @pytest.mark.parametrize(("begins", "ends"), [(2, 1), (1, 1), (-2, -1), (0, 367)])
    def test_needs_a_sensible_time(self, away, begins, ends):
        with pytest.raises(Invalid):
            away(begins, ends)

    @pytest.mark.parametrize(("begins", "ends"), [(0, 3), (1.5, 1.6), (1.5, 5), (0, 1.1)])
    def test_does_not_overlap_with_another(self, away, begins, ends):
        away(1, 2)
        with pytest.raises(Invalid, match="overlaps"):
            away(begins, ends)

    def test_may_follow_upon_another(self, away):
        away(1, 2)
        away(2, 3)
        assert Absence.objects.count() == 2

    def test_needs_a_stand_in_who_could_decide_something(self, away, alice, charlie):
        with pytest.raises(Invalid, match="charlie works in no queue of theirs"):
            away(delegate=charlie)
        with pytest.raises(Invalid, match="Nobody stands in for themselves"):
            away(delegate=alice)

    def test_has_an_end_to_planning(self, away, monkeypatch):
        monkeypatch.setattr(absences, "AHEAD", 2)
        away(1, 2)
        away(2, 3)
        with pytest.raises(Invalid, match="2 absences are planned already"):
            away(3, 4)


class TestComeBack:
    def test_ends_it_now(self, away, alice):
        absence = away()
        absences.come_back(absence.pk, by=alice)
        assert presence.away([alice.pk]) == set()
        assert book()[-1] == "absence.ended"

    def test_calls_off_what_has_not_begun(self, away, alice, now):
        absence = absences.come_back(away(1, 2).pk, by=alice)
        assert absence.ends_at == absence.starts_at

    def test_is_not_for_strangers(self, away, bob, mara):
        absence = away()
        with pytest.raises(PermissionDenied):
            absences.come_back(absence.pk, by=bob)
        absences.come_back(absence.pk, by=mara)

    def test_twice_is_refused(self, away, alice):
        absence = away()
        absences.come_back(absence.pk, by=alice)
        with pytest.raises(Conflict, match="has ended already"):
            absences.come_back(absence.pk, by=alice)

    def test_of_nothing_is_refused(self, alice):
        with pytest.raises(PermissionDenied):
            absences.come_back(1, by=alice)


class TestCover:
    @pytest.fixture
    def assigned(self, refund, alice, mara):
        return assignments.assign(refund.pk, to=alice, by=mara)

    def test_hands_what_is_theirs_to_the_delegate(self, assigned, away, bob):
        away(delegate=bob)

        assert [absences.cover() for _ in range(2)] == [1, 0]

        assigned.refresh_from_db()
        entry = AuditEntry.objects.order_by("seq").last()
        assert (assigned.assignee, entry.actor_type, entry.actor) == (bob, "system", "clock")
        assert json.loads(entry.data) == {"to": "bob", "was": "alice", "instead_of": "alice"}

    def test_gives_it_back_where_nobody_stands_in(self, assigned, away):
        away()
        assert absences.cover() == 1
        assigned.refresh_from_db()
        assert (assigned.assignee, book()[-1]) == (None, "intervention.unassigned")

    def test_gives_it_back_where_the_delegate_may_not_decide_it(self, assigned, away, bob):
        away(delegate=bob)
        bob.memberships.all().delete()
        absences.cover()
        assigned.refresh_from_db()
        assert assigned.assignee is None

    @pytest.mark.parametrize("holder", ["alice", "bob"])
    def test_leaves_what_somebody_holds_until_their_claim_ends(self, assigned, away, bob, mara, now, request, holder):
        holder = request.getfixturevalue(holder)
        interventions.claim(assigned.pk, by=holder)
        away(delegate=mara)

        assert absences.cover() == 0 and not absences._cover(assigned.pk)
        assigned.refresh_from_db()
        assert assigned.claimed_by == holder
        Intervention.objects.update(claim_expires_at=now)
        assert absences.cover() == 1

    def test_waits_for_the_absence_to_begin(self, assigned, away):
        away(1, 2)
        assert absences.cover() == 0

    def test_passes_over_what_changed_meanwhile(self, assigned, away, mara):
        assignments.unassign(assigned.pk, by=mara)
        away()
        assert not absences._cover(assigned.pk)
