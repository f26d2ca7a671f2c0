"""Whose question it is, and how far up it has gone."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from reviews import access
from reviews.actions import Conflict, Invalid, assignments, interventions, runs
from reviews.actions.assignments import Seen
from reviews.actions.eligibility import NotEligible
from reviews.actors import POLICY, Actor
from reviews.models import Absence, AuditEntry, Intervention, Membership, Notice
from reviews.states import InterventionStatus, Verdict
from tests import factories
from tests.reviews.actions.conftest import book

WHY = "The customer is on the phone."


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def dora(queue):
    """Somebody without a seat, as a policy might call in from another house."""
    return factories.user("dora")


def leave(user, delegate=None, *, hours=8):
    now = timezone.now()
    return Absence.objects.create(
        user=user,
        delegate=delegate,
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(hours=hours),
        set_by=user,
        created_at=now,
    )


def last():
    entry = AuditEntry.objects.order_by("seq").last()
    return entry.action, entry.actor_type, entry.actor, json.loads(entry.data)


class TestRaiseLevel:
    def test_calls_people_in_and_takes_it_from_nobody(self, refund, alice, dora):
        interventions.claim(refund.pk, by=alice)
        refund.refresh_from_db()

        (act,) = assignments.raise_level(refund, 2, [dora], POLICY)

        assert (act.action, act.by, act.data) == (
            "intervention.escalated",
            POLICY,
            {"level": 2, "was": 0, "called_in": ["dora"]},
        )
        refund.refresh_from_db()
        assert (refund.level, refund.claimed_by, refund.status) == (2, alice, InterventionStatus.CLAIMED)

    def test_lets_those_called_in_see_and_decide_it(self, refund, dora):
        assert refund not in access.visible_interventions(dora)
        with pytest.raises(PermissionDenied):
            interventions.decide(refund.pk, by=dora, verdict=Verdict.APPROVE)

        assignments.raise_level(refund, 2, [dora], POLICY)

        assert list(access.visible_interventions(dora)) == [refund]
        assert interventions.decide(refund.pk, by=dora, verdict=Verdict.APPROVE).decided_by == dora

    def test_lets_them_see_no_other(self, refund, dora, queue):
        other = factories.question()
        assignments.raise_level(refund, 2, [dora], POLICY)
        with pytest.raises(PermissionDenied):
            interventions.decide(other.pk, by=dora, verdict=Verdict.APPROVE)

    def test_never_brings_it_down(self, refund, alice, bob):
        assignments.raise_level(refund, 3, [alice], POLICY)
        (act,) = assignments.raise_level(refund, 2, [bob], POLICY)
        assert (refund.level, act.data["was"], act.data["level"]) == (3, 3, 3)

    def test_tells_those_called_in_once(self, refund, dora, alice):
        assignments.raise_level(refund, 1, [dora], POLICY)
        assignments.raise_level(refund, 1, [dora, alice], POLICY)
        told = Notice.objects.filter(kind="escalated", channel="page")
        assert sorted(told.values_list("recipient", flat=True)) == ["alice", "dora"]

    def test_tells_those_it_reaches_of_each_new_level(self, refund, dora, mara):
        """Called in without a level before, or at a lower one: that it goes up is news to them."""
        for level in (0, 1, 2):
            assignments.raise_level(refund, level, [dora], POLICY)
        told = Notice.objects.filter(kind="escalated", channel="page", user=dora).order_by("id")
        assert [notice.payload["level"] for notice in told] == [0, 1, 2]

    def test_tells_nobody_what_they_did_themselves(self, refund, dora, mara):
        assignments.raise_level(refund, 1, [mara, dora], Actor.of(mara))
        assert [notice.user for notice in Notice.objects.filter(kind="escalated", channel="page")] == [dora]

    def test_with_nothing_new_records_nothing(self, refund, alice):
        assignments.raise_level(refund, 2, [alice], POLICY)
        assert assignments.raise_level(refund, 2, [alice, alice], POLICY) == []

    def test_calls_in_nobody_who_has_left(self, refund, dora):
        dora.is_active = False
        dora.save()
        (act,) = assignments.raise_level(refund, 2, [dora], POLICY)
        assert act.data["called_in"] == []

    def test_is_no_way_in_for_who_is_deactivated_later(self, refund, dora):
        assignments.raise_level(refund, 2, [dora], POLICY)
        dora.is_active = False
        dora.save()
        assert not access.can_work_on(dora, refund)
        assert not access.visible_interventions(dora).exists()


class TestHandTo:
    def test_makes_it_theirs_and_says_whose_it_was(self, refund, alice, bob):
        assignments.hand_to(refund, alice, POLICY)
        (act,) = assignments.hand_to(refund, bob, POLICY)

        assert (act.action, act.data) == ("intervention.assigned", {"to": "bob", "was": "alice"})
        refund.refresh_from_db()
        assert (refund.assignee, refund.status) == (bob, InterventionStatus.PENDING)

    def test_tells_them_unless_they_took_it(self, refund, alice, bob, mara):
        assignments.assign(refund.pk, to=alice, by=mara)
        assignments.reassign(refund.pk, to=mara, by=mara)
        assert list(Notice.objects.filter(kind="assigned").values_list("recipient", flat=True)) == ["alice"]

    def test_ends_a_colleagues_claim(self, refund, alice, bob):
        interventions.claim(refund.pk, by=alice)
        item = Intervention.objects.get(pk=refund.pk)

        released, assigned = assignments.hand_to(item, bob, POLICY)

        assert (released.action, released.data) == ("intervention.released", {"held_by": "alice"})
        assert assigned.data == {"to": "bob"}
        item.refresh_from_db()
        assert (item.status, item.claimed_by, item.claim_expires_at) == (InterventionStatus.PENDING, None, None)

    def test_leaves_their_own_claim(self, refund, alice):
        interventions.claim(refund.pk, by=alice)
        item = Intervention.objects.get(pk=refund.pk)
        assert [act.action for act in assignments.hand_to(item, alice, POLICY)] == ["intervention.assigned"]
        assert item.claimed_by == alice

    def test_twice_records_nothing(self, refund, alice):
        assignments.hand_to(refund, alice, POLICY)
        assert assignments.hand_to(refund, alice, POLICY) == []

    def test_of_somebody_away_goes_to_their_delegate(self, refund, alice, bob):
        leave(alice, bob)
        (act,) = assignments.hand_to(refund, alice, POLICY)
        assert (refund.assignee, act.data) == (bob, {"to": "bob", "instead_of": "alice"})

    @pytest.mark.parametrize("stand_in", ["nobody", "away too", "without a seat"])
    def test_goes_to_nobody_where_nobody_stands_in(self, refund, alice, bob, charlie, stand_in):
        leave(alice, {"nobody": None, "away too": bob, "without a seat": charlie}[stand_in])
        if stand_in == "away too":
            leave(bob)
        assert assignments.hand_to(refund, alice, POLICY) == []
        assert refund.assignee is None

    def test_wakes_it(self, refund, alice, bob, now):
        Intervention.objects.filter(pk=refund.pk).update(assignee=alice, snoozed_until=now)
        item = Intervention.objects.get(pk=refund.pk)
        assignments.hand_to(item, bob, POLICY)
        item.refresh_from_db()
        assert item.snoozed_until is None


class TestPick:
    def test_takes_turns(self, queue, alice, bob):
        picked = [assignments.pick(queue, [alice, bob]) for _ in range(4)]
        assert picked == [alice, bob, alice, bob]

    def test_takes_the_least_loaded(self, queue, refund, alice, bob):
        interventions.claim(refund.pk, by=alice)
        assert [assignments.pick(queue, [alice, bob]) for _ in range(2)] == [bob, bob]

    def test_counts_what_is_assigned_and_not_yet_claimed(self, queue, refund, alice, bob):
        assignments.hand_to(refund, alice, POLICY)
        assert assignments.pick(queue, [alice, bob]) == bob

    def test_skips_those_who_are_away_or_gone(self, queue, alice, bob, mara):
        leave(alice)
        bob.is_active = False
        assert assignments.pick(queue, [alice, bob, mara]) == mara
        assert assignments.pick(queue, [alice]) is None

    def test_of_nobody_is_nobody(self, queue):
        assert assignments.pick(queue, []) is None


class TestALiveClaim:
    @pytest.fixture
    def claimed(self, refund, bob):
        return interventions.claim(refund.pk, by=bob)

    def ends_not(self, claimed, bob):
        claimed.refresh_from_db()
        return claimed.claimed_by == bob

    def test_is_not_ended_by_a_colleague_who_takes_the_item(self, claimed, alice, bob):
        with pytest.raises(Conflict, match="bob has claimed this item meanwhile"):
            assignments.assign(claimed.pk, to=alice, by=alice)
        assert self.ends_not(claimed, bob)

    def test_is_not_ended_by_a_colleague_who_says_that_they_saw_it(self, claimed, alice, bob):
        with pytest.raises(PermissionDenied):
            assignments.assign(claimed.pk, to=alice, by=alice, held=bob.pk)
        assert self.ends_not(claimed, bob)

    def test_is_not_ended_by_a_manager_who_did_not_see_it(self, claimed, alice, bob, mara):
        for verb in (assignments.assign, assignments.reassign):
            with pytest.raises(Conflict, match="bob has claimed"):
                verb(claimed.pk, to=alice, by=mara)
        assignments.assign(claimed.pk, to=bob, by=mara)
        with pytest.raises(Conflict, match="bob has claimed"):
            assignments.unassign(claimed.pk, by=mara)
        assert self.ends_not(claimed, bob)

    @pytest.mark.parametrize("verb", ["assign", "reassign"])
    def test_is_ended_by_a_manager_who_saw_it_and_the_book_says_so(self, claimed, alice, bob, mara, verb):
        getattr(assignments, verb)(claimed.pk, to=alice, by=mara, held=bob.pk)

        assert not self.ends_not(claimed, bob)
        line = AuditEntry.objects.get(action="intervention.released")
        assert (line.actor, json.loads(line.data)) == ("mara", {"held_by": "bob"})

    def test_is_ended_by_its_holder_who_gives_it_back_and_by_the_manager_who_saw_it(self, claimed, bob, mara):
        assignments.assign(claimed.pk, to=bob, by=mara)
        assignments.unassign(claimed.pk, by=mara, seen=bob.pk, held=bob.pk)
        assert book()[-2:] == ["intervention.released", "intervention.unassigned"]
        interventions.claim(claimed.pk, by=bob)
        assignments.assign(claimed.pk, to=bob, by=bob)
        assignments.unassign(claimed.pk, by=bob)
        assert not self.ends_not(claimed, bob)

    def test_that_has_run_out_is_in_nobodys_way(self, claimed, alice, bob, now):
        Intervention.objects.filter(pk=claimed.pk).update(claim_expires_at=now)
        assert assignments.assign(claimed.pk, to=alice, by=alice).assignee == alice


class TestTheRequesterWhomARuleBars:
    @pytest.fixture
    def own(self, mara):
        return factories.question(factories.leased(factories.run(by=mara)), judgement={"not_by": ("requester",)})

    @pytest.mark.parametrize("verb", ["escalate", "de_escalate"])
    def test_neither_calls_people_in_nor_sends_them_away(self, own, mara, alice, verb):
        assignments.escalate(own.pk, by=alice, reason=WHY)
        with pytest.raises(NotEligible, match="You started this run"):
            getattr(assignments, verb)(own.pk, by=mara, reason=WHY)
        own.refresh_from_db()
        assert own.level == 1


class TestAssign:
    def test_is_the_managers_and_in_the_book(self, refund, alice, mara):
        assignments.assign(refund.pk, to=alice, by=mara)

        refund.refresh_from_db()
        assert refund.assignee == alice
        assert last() == ("intervention.assigned", "user", "mara", {"to": "alice"})

    def test_is_a_reviewers_only_for_themselves(self, refund, alice, bob):
        assert assignments.assign(refund.pk, to=alice, by=alice).assignee == alice
        with pytest.raises(PermissionDenied):
            assignments.assign(factories.question().pk, to=bob, by=alice)

    def test_does_not_take_it_from_somebody(self, refund, alice, bob, mara):
        assignments.assign(refund.pk, to=alice, by=mara)
        with pytest.raises(Conflict, match="alice was assigned this item meanwhile"):
            assignments.assign(refund.pk, to=bob, by=mara)

    def test_needs_somebody_who_may_decide_it(self, refund, charlie, mara):
        with pytest.raises(Invalid, match="charlie may not decide this item"):
            assignments.assign(refund.pk, to=charlie, by=mara)

    def test_of_a_closed_item_says_who_closed_it(self, refund, alice, mara):
        runs.stop(refund.run_id, by=mara)
        with pytest.raises(Conflict, match="mara stopped the run"):
            assignments.assign(refund.pk, to=alice, by=mara)

    def test_to_somebody_away_without_a_stand_in_is_refused(self, refund, alice, mara):
        leave(alice)
        with pytest.raises(Conflict, match="alice is away and nobody stands in"):
            assignments.assign(refund.pk, to=alice, by=mara)

    @pytest.mark.parametrize("who", ["charlie", "otto", "admin"])
    def test_needs_a_seat(self, refund, alice, who, request):
        with pytest.raises(PermissionDenied):
            assignments.assign(refund.pk, to=alice, by=request.getfixturevalue(who))

    def test_keeps_no_colleague_from_deciding(self, refund, alice, bob, mara):
        assignments.assign(refund.pk, to=alice, by=mara)
        assert interventions.decide(refund.pk, by=bob, verdict=Verdict.APPROVE).decided_by == bob

    def test_does_not_make_an_open_form_stale(self, refund, alice, mara):
        assignments.assign(refund.pk, to=alice, by=mara)
        interventions.decide(refund.pk, by=alice, verdict=Verdict.APPROVE, version=refund.version)


class TestReassign:
    @pytest.fixture
    def assigned(self, refund, alice, mara):
        return assignments.assign(refund.pk, to=alice, by=mara)

    def test_moves_it(self, assigned, alice, bob, mara):
        assignments.reassign(assigned.pk, to=bob, by=mara, seen=alice.pk)
        assigned.refresh_from_db()
        assert (assigned.assignee, last()[3]) == (bob, {"to": "bob", "was": "alice"})

    def test_of_what_another_manager_moved_first_is_refused(self, assigned, alice, bob, mara):
        assignments.reassign(assigned.pk, to=bob, by=mara, seen=alice.pk)
        with pytest.raises(Conflict, match="assigned anew meanwhile. It is bob's now"):
            assignments.reassign(assigned.pk, to=mara, by=mara, seen=alice.pk)

    def test_is_the_managers_alone(self, assigned, alice, bob):
        with pytest.raises(PermissionDenied, match="does not manage"):
            assignments.reassign(assigned.pk, to=bob, by=alice)


class TestGive:
    def test_makes_it_theirs(self, refund, alice, mara):
        assert assignments.give(refund.pk, to=alice, by=mara, seen=Seen()).assignee == alice

    def test_takes_it_from_nobody_but_whom_it_was_seen_with(self, refund, alice, bob, mara):
        assignments.assign(refund.pk, to=bob, by=mara)
        with pytest.raises(Conflict, match="assigned anew meanwhile. It is bob's now"):
            assignments.give(refund.pk, to=alice, by=mara, seen=Seen())
        assert assignments.give(refund.pk, to=alice, by=mara, seen=Seen(assignee=bob.pk)).assignee == alice

    def test_ends_no_claim_that_was_not_seen(self, refund, alice, bob, mara):
        interventions.claim(refund.pk, by=bob)
        with pytest.raises(Conflict, match="bob has claimed this item meanwhile"):
            assignments.give(refund.pk, to=alice, by=mara, seen=Seen(holder=alice.pk))
        assert assignments.give(refund.pk, to=alice, by=mara, seen=Seen(holder=bob.pk)).claimed_by is None

    def test_heeds_no_claim_that_ran_out(self, refund, alice, bob, mara):
        interventions.claim(refund.pk, by=bob)
        Intervention.objects.filter(pk=refund.pk).update(claim_expires_at=timezone.now())
        assert assignments.give(refund.pk, to=alice, by=mara, seen=Seen()).assignee == alice

    def test_is_the_managers_alone_and_of_open_items(self, refund, alice, bob, mara):
        with pytest.raises(PermissionDenied):
            assignments.give(refund.pk, to=bob, by=alice, seen=Seen())
        runs.stop(refund.run_id, by=mara)
        with pytest.raises(Conflict, match="mara stopped the run"):
            assignments.give(refund.pk, to=bob, by=mara, seen=Seen())


class TestUnassign:
    def test_gives_it_back_and_ends_their_claim(self, refund, alice, mara):
        assignments.assign(refund.pk, to=alice, by=mara)
        interventions.claim(refund.pk, by=alice)

        assignments.unassign(refund.pk, by=mara, seen=alice.pk, held=alice.pk)

        refund.refresh_from_db()
        assert (refund.assignee, refund.claimed_by, refund.status) == (None, None, InterventionStatus.PENDING)
        assert last() == ("intervention.unassigned", "user", "mara", {"was": "alice"})

    def test_is_the_assignees_own_right_and_no_colleagues(self, refund, alice, bob, mara):
        assignments.assign(refund.pk, to=alice, by=mara)
        with pytest.raises(PermissionDenied):
            assignments.unassign(refund.pk, by=bob)
        assert assignments.unassign(refund.pk, by=alice).assignee is None

    def test_of_what_is_nobodys_changes_nothing(self, refund, mara):
        before = book()
        assignments.unassign(refund.pk, by=mara)
        assert book() == before


class TestEscalate:
    def test_calls_the_managers_in(self, refund, alice, mara):
        item = assignments.escalate(refund.pk, by=alice, reason=WHY)

        assert item.level == 1
        expected = {"level": 1, "was": 0, "called_in": ["mara"], "reason": WHY}
        assert last() == ("intervention.escalated", "user", "alice", expected)

    def test_goes_one_further_each_time_up_to_the_highest(self, refund, alice, mara):
        levels = [assignments.escalate(refund.pk, by=alice, reason=WHY).level for _ in range(9)]
        assert levels == [1, 2, 3, 4, 5, 6, 7, 8, 9]
        with pytest.raises(Conflict, match="nothing above"):
            assignments.escalate(refund.pk, by=alice, reason=WHY)

    @pytest.mark.parametrize("reason", ["", "  \n", "x" * 2_001])
    def test_needs_a_reason(self, refund, alice, reason):
        with pytest.raises(Invalid):
            assignments.escalate(refund.pk, by=alice, reason=reason)
        assert Intervention.objects.get(pk=refund.pk).level == 0

    def test_needs_a_seat(self, refund, charlie):
        with pytest.raises(PermissionDenied):
            assignments.escalate(refund.pk, by=charlie, reason=WHY)


class TestDeEscalate:
    def test_brings_it_down_and_sends_those_above_home(self, refund, dora, mara):
        assignments.raise_level(refund, 2, [mara], POLICY)
        assignments.raise_level(refund, 3, [dora], POLICY)

        assert assignments.de_escalate(refund.pk, by=mara, reason=WHY).level == 2

        assert last() == (
            "intervention.de_escalated",
            "user",
            "mara",
            {"level": 2, "was": 3, "left": ["dora"], "reason": WHY},
        )
        assert not access.can_work_on(dora, refund)
        assert assignments.de_escalate(refund.pk, by=mara, reason=WHY).level == 1

    def test_takes_what_was_told_of_the_higher_level_off_the_bells_and_out_of_the_outbox(
        self, refund, dora, mara, settings
    ):
        settings.FOUREYES_SMTP = {**settings.FOUREYES_SMTP, "host": "mail.example.org"}
        for person in (mara, dora):
            User.objects.filter(pk=person.pk).update(email=f"{person.username}@example.org")
        assignments.raise_level(refund, 1, [User.objects.get(pk=mara.pk)], POLICY)
        assignments.raise_level(refund, 2, [User.objects.get(pk=dora.pk)], POLICY)

        assignments.de_escalate(refund.pk, by=mara, reason=WHY)

        left = Notice.objects.exclude(status="cancelled").order_by("channel")
        assert [(notice.user, notice.channel) for notice in left] == [(mara, "email"), (mara, "page")]
        assignments.de_escalate(refund.pk, by=mara, reason=WHY)
        assert not left.all().exists()

    def test_takes_what_was_assigned_to_somebody_sent_home_from_them(self, refund, dora, mara):
        assignments.raise_level(refund, 2, [dora], POLICY)
        assignments.assign(refund.pk, to=dora, by=mara)
        interventions.claim(refund.pk, by=dora)

        assignments.de_escalate(refund.pk, by=mara, reason=WHY)

        refund.refresh_from_db()
        assert (refund.assignee, refund.claimed_by, refund.status) == (None, None, InterventionStatus.PENDING)
        assert book()[-3:] == ["intervention.de_escalated", "intervention.released", "intervention.unassigned"]

    def test_leaves_it_with_a_colleague_who_has_a_seat(self, refund, alice, mara):
        assignments.raise_level(refund, 2, [alice], POLICY)
        assignments.assign(refund.pk, to=alice, by=mara)
        interventions.claim(refund.pk, by=alice)

        assignments.de_escalate(refund.pk, by=mara, reason=WHY)

        refund.refresh_from_db()
        assert (refund.assignee, refund.claimed_by) == (alice, alice)

    def test_takes_the_claim_of_somebody_sent_home_from_them(self, refund, dora, mara, bob):
        assignments.raise_level(refund, 2, [dora], POLICY)
        interventions.claim(refund.pk, by=dora)
        assignments.de_escalate(refund.pk, by=mara, reason=WHY)
        refund.refresh_from_db()
        assert (refund.claimed_by, book()[-1]) == (None, "intervention.released")
        assert interventions.claim(refund.pk, by=bob).claimed_by == bob

    def test_is_the_managers_alone(self, refund, alice):
        assignments.raise_level(refund, 2, [], Actor.of(alice))
        with pytest.raises(PermissionDenied):
            assignments.de_escalate(refund.pk, by=alice, reason=WHY)

    def test_of_what_is_not_escalated_is_refused(self, refund, mara):
        with pytest.raises(Conflict, match="not escalated"):
            assignments.de_escalate(refund.pk, by=mara, reason=WHY)

    def test_needs_a_reason(self, refund, mara):
        assignments.raise_level(refund, 2, [], POLICY)
        with pytest.raises(Invalid):
            assignments.de_escalate(refund.pk, by=mara, reason=" ")


class TestOpenClaims:
    def test_run_out(self, refund, alice, bob):
        """Before the clock has come round, a claim that ran out keeps nobody away."""
        interventions.claim(refund.pk, by=alice)
        Intervention.objects.filter(pk=refund.pk).update(claim_expires_at=timezone.now())
        assert interventions.claim(refund.pk, by=bob).claimed_by == bob

    def test_last_as_long_as_the_setting_says(self, refund, alice, settings):
        settings.FOUREYES_CLAIM_SECONDS = 60
        item = interventions.claim(refund.pk, by=alice)
        assert item.claim_expires_at - item.claimed_at == timedelta(seconds=60)


def test_a_verb_that_fails_leaves_nothing_behind(refund, alice, mara, monkeypatch):
    """The book is written last: where it cannot be, the assignment is not either."""

    def refuse(*acts):
        raise RuntimeError("no ink")

    monkeypatch.setattr(assignments.audit, "record", refuse)
    with pytest.raises(RuntimeError), transaction.atomic():
        assignments.assign(refund.pk, to=alice, by=mara)
    assert Intervention.objects.get(pk=refund.pk).assignee is None
    assert Membership.objects.count() == 2
