"""A claim that ends unless renewed, putting a question aside, and more time for it."""

import json
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from reviews.actions import Conflict, Invalid, absences, assignments, holding, interventions, runs
from reviews.actors import POLICY
from reviews.businesstime import OFFICE
from reviews.models import AuditEntry, Intervention
from reviews.states import InterventionStatus, Verdict
from tests.reviews.actions import time_travel
from tests.reviews.actions.conftest import book

WHY = "Waiting for the bank's statement."


def at(item, **changes):
    """Travel in time, from the item's point of view."""
    Intervention.objects.filter(pk=item.pk).update(**changes)


def last():
    entry = AuditEntry.objects.order_by("seq").last()
    return entry.action, entry.actor_type, entry.actor, json.loads(entry.data)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def claimed(refund, alice):
    return interventions.claim(refund.pk, by=alice)


class TestRenew:
    def test_lets_a_claim_last_on(self, claimed, alice, now):
        at(claimed, claim_expires_at=now + timedelta(seconds=5))

        until = holding.renew(claimed.pk, by=alice)

        assert until - timezone.now() > timedelta(minutes=14)
        claimed.refresh_from_db()
        assert claimed.claim_expires_at == until

    def test_ends_after_two_hours_all_the_same(self, claimed, alice, now):
        began = now - timedelta(hours=1, minutes=55)
        at(claimed, claimed_at=began, claim_expires_at=now + timedelta(minutes=1))
        assert holding.renew(claimed.pk, by=alice) == began + timedelta(hours=2)
        assert holding.renew(claimed.pk, by=alice) == began + timedelta(hours=2)

    def test_never_shortens_it(self, claimed, alice, now, settings):
        settings.FOUREYES_CLAIM_SECONDS = 30
        assert holding.renew(claimed.pk, by=alice) == claimed.claim_expires_at

    def test_brings_none_back_that_ran_out(self, claimed, alice, now):
        at(claimed, claim_expires_at=now)
        assert holding.renew(claimed.pk, by=alice) is None

    def test_is_nobody_elses(self, claimed, bob, mara):
        assert holding.renew(claimed.pk, by=bob) is None
        assert holding.renew(claimed.pk, by=mara) is None

    def test_of_a_decided_item_does_nothing(self, claimed, alice):
        interventions.decide(claimed.pk, by=alice, verdict=Verdict.APPROVE)
        assert holding.renew(claimed.pk, by=alice) is None

    def test_writes_nothing_into_the_book(self, claimed, alice):
        before = book()
        holding.renew(claimed.pk, by=alice)
        assert book() == before


class TestExpireClaims:
    def test_gives_the_item_back_in_nobodys_name(self, claimed, now):
        at(claimed, claim_expires_at=now)

        assert holding.expire_claims() == 1

        claimed.refresh_from_db()
        assert (claimed.status, claimed.claimed_by, claimed.claimed_at) == (InterventionStatus.PENDING, None, None)
        assert last() == ("claim.expired", "timeout", "timeout", {"held_by": "alice"})

    def test_is_done_once(self, claimed, now):
        at(claimed, claim_expires_at=now)
        assert [holding.expire_claims() for _ in range(2)] == [1, 0]

    def test_leaves_a_claim_that_lasts(self, claimed):
        assert holding.expire_claims() == 0

    def test_gives_an_end_to_claims_from_before_there_was_one(self, claimed):
        at(claimed, claim_expires_at=None)
        assert holding.expire_claims() == 0
        claimed.refresh_from_db()
        assert claimed.claim_expires_at > timezone.now() + timedelta(minutes=10)

    def test_leaves_the_level_and_the_assignee(self, claimed, alice, mara, now):
        assignments.assign(claimed.pk, to=alice, by=mara)
        at(claimed, claim_expires_at=now, level=2)
        holding.expire_claims()
        claimed.refresh_from_db()
        assert (claimed.assignee, claimed.level) == (alice, 2)

    def test_takes_no_verdict_from_who_held_it(self, claimed, alice, now):
        at(claimed, claim_expires_at=now)
        holding.expire_claims()
        assert interventions.decide(claimed.pk, by=alice, verdict=Verdict.APPROVE, version=claimed.version)

    def test_passes_over_what_was_decided_meanwhile(self, claimed, alice, now):
        interventions.decide(claimed.pk, by=alice, verdict=Verdict.APPROVE)
        at(claimed, claim_expires_at=now)
        assert holding.expire_claims() == 0
        assert not holding._expire(claimed.pk)


class TestSnooze:
    def test_puts_it_aside_and_makes_it_theirs(self, refund, alice):
        until = refund.due_at - timedelta(minutes=5)

        holding.snooze(refund.pk, until=until, by=alice)

        refund.refresh_from_db()
        assert (refund.snoozed_until, refund.assignee, refund.status) == (until, alice, InterventionStatus.PENDING)
        assert book()[-2:] == ["intervention.assigned", "intervention.snoozed"]

    def test_does_not_sleep_past_its_end(self, refund, alice, now):
        at(refund, expires_at=now + timedelta(minutes=10))
        with pytest.raises(Invalid, match="It expires on"):
            holding.snooze(refund.pk, until=now + timedelta(minutes=20), by=alice)

    def test_of_somebody_away_hides_it_from_nobody(self, refund, alice, bob, now):
        absences.leave(alice, starts_at=now, ends_at=now + timedelta(days=1), delegate=bob, by=alice)
        with pytest.raises(Conflict, match="You are out of office"):
            holding.snooze(refund.pk, until=now + timedelta(minutes=20), by=alice)
        refund.refresh_from_db()
        assert (refund.assignee, refund.snoozed_until) == (None, None)

    def test_does_not_stop_the_clock(self, refund, alice):
        due_at = refund.due_at
        holding.snooze(refund.pk, until=due_at - timedelta(minutes=5), by=alice)
        refund.refresh_from_db()
        assert refund.due_at == due_at

    def test_ends_ones_claim(self, claimed, alice):
        holding.snooze(claimed.pk, until=claimed.due_at - timedelta(minutes=5), by=alice)
        claimed.refresh_from_db()
        assert claimed.claimed_by is None

    @pytest.mark.parametrize("minutes", [0, 1])
    def test_cannot_pass_the_due_time(self, refund, alice, minutes):
        with pytest.raises(Invalid, match="It is due on .* choose an earlier moment"):
            holding.snooze(refund.pk, until=refund.due_at + timedelta(minutes=minutes), by=alice)

    def test_cannot_end_in_the_past(self, refund, alice, now):
        with pytest.raises(Invalid, match="has passed"):
            holding.snooze(refund.pk, until=now, by=alice)

    def test_is_not_for_what_is_a_colleagues(self, refund, alice, bob, mara):
        assignments.assign(refund.pk, to=bob, by=mara)
        with pytest.raises(Conflict, match="assigned to bob"):
            holding.snooze(refund.pk, until=refund.due_at - timedelta(minutes=5), by=alice)

    def test_is_not_for_what_a_colleague_holds(self, claimed, bob):
        with pytest.raises(Conflict, match="alice has claimed"):
            holding.snooze(claimed.pk, until=claimed.due_at - timedelta(minutes=5), by=bob)

    def test_needs_a_seat(self, refund, charlie):
        with pytest.raises(PermissionDenied):
            holding.snooze(refund.pk, until=refund.due_at - timedelta(minutes=5), by=charlie)

    def test_is_over_when_somebody_claims_it(self, refund, alice, bob):
        holding.snooze(refund.pk, until=refund.due_at - timedelta(minutes=5), by=alice)
        assert interventions.claim(refund.pk, by=bob).snoozed_until is None


class TestUnsnooze:
    @pytest.fixture
    def aside(self, refund, alice):
        return holding.snooze(refund.pk, until=refund.due_at - timedelta(minutes=5), by=alice)

    def test_brings_it_back(self, aside, alice):
        assert holding.unsnooze(aside.pk, by=alice).snoozed_until is None
        assert last()[:3] == ("intervention.woken", "user", "alice")

    def test_is_the_managers_right_too_and_no_colleagues(self, aside, bob, mara):
        with pytest.raises(PermissionDenied):
            holding.unsnooze(aside.pk, by=bob)
        assert holding.unsnooze(aside.pk, by=mara).snoozed_until is None

    def test_of_what_is_awake_changes_nothing(self, refund, mara):
        before = book()
        holding.unsnooze(refund.pk, by=mara)
        assert book() == before


class TestWake:
    def test_brings_back_in_time_what_was_put_aside(self, refund, alice, now):
        holding.snooze(refund.pk, until=refund.due_at - timedelta(minutes=5), by=alice)
        assert holding.wake() == 0

        at(refund, snoozed_until=now)

        assert [holding.wake() for _ in range(2)] == [1, 0]
        assert last()[:3] == ("intervention.woken", "timeout", "timeout")

    def test_passes_over_what_is_closed(self, refund, alice, mara, now):
        at(refund, snoozed_until=now)
        runs.stop(refund.run_id, by=mara)
        assert holding.wake() == 0
        assert not holding._wake_in_time(refund.pk)


class TestExtend:
    def test_puts_off_the_due_time_for_a_reason(self, refund, alice):
        due_at = refund.due_at

        item = holding.extend(refund.pk, seconds=1800, reason=WHY, by=alice)

        assert (item.due_at, item.extended) == (due_at + timedelta(minutes=30), 1)
        action, _, actor, data = last()
        assert (action, actor) == ("intervention.extended", "alice")
        assert (data["seconds"], data["reason"], data["times"]) == (1800, WHY, 1)

    def test_counts_on_the_clock_of_the_question(self, alice, clock):
        time_travel.policy(clock="business", respond_within="4h", expires_after="5 days")
        item = time_travel.ask()  # at noon, so due at four; the office closes at five

        item = holding.extend(item.pk, seconds=3 * 3600, reason=WHY, by=alice)

        tomorrow_at_eleven = time_travel.NOON + timedelta(hours=23)
        assert item.due_at == item.timers.get(kind="due").due_at == tomorrow_at_eleven
        assert OFFICE.is_open(item.due_at)

    def test_that_would_pass_the_expiry_on_its_own_clock_is_refused(self, alice, clock):
        time_travel.policy(clock="business", respond_within="4h", expires_after="10h")
        item = time_travel.ask()

        with pytest.raises(Invalid, match="It expires on"):
            holding.extend(item.pk, seconds=2 * 3600, reason=WHY, by=alice)

    def test_is_possible_so_often_and_no_more(self, refund, alice, settings):
        settings.FOUREYES_EXTENSIONS = 2
        for _ in range(2):
            holding.extend(refund.pk, seconds=60, reason=WHY, by=alice)
        with pytest.raises(Conflict, match="extended 2 times already"):
            holding.extend(refund.pk, seconds=60, reason=WHY, by=alice)

    @pytest.mark.parametrize("seconds", [0, 59, -60, 3601])
    def test_is_of_a_sensible_length(self, refund, alice, settings, seconds):
        settings.FOUREYES_EXTEND_SECONDS = 3600
        with pytest.raises(Invalid, match="An extension is 1 to 60 minutes"):
            holding.extend(refund.pk, seconds=seconds, reason=WHY, by=alice)

    def test_never_passes_the_expiry(self, refund, alice):
        at(refund, expires_at=refund.due_at + timedelta(minutes=10))
        with pytest.raises(Invalid, match="It expires on"):
            holding.extend(refund.pk, seconds=601, reason=WHY, by=alice)
        holding.extend(refund.pk, seconds=600, reason=WHY, by=alice)

    def test_of_what_would_be_late_all_the_same_is_refused(self, refund, alice, now):
        at(refund, due_at=now - timedelta(hours=1))
        with pytest.raises(Invalid, match="overdue all the same"):
            holding.extend(refund.pk, seconds=1800, reason=WHY, by=alice)

    def test_needs_a_reason(self, refund, alice):
        with pytest.raises(Invalid, match="Say why"):
            holding.extend(refund.pk, seconds=600, reason=" ", by=alice)

    def test_is_not_for_what_a_colleague_holds(self, claimed, bob):
        with pytest.raises(Conflict):
            holding.extend(claimed.pk, seconds=600, reason=WHY, by=bob)

    def test_is_not_for_what_waits_for_an_answer(self, refund, alice, now):
        at(refund, asked_back_at=now)
        with pytest.raises(Conflict, match="waits for an answer"):
            holding.extend(refund.pk, seconds=600, reason=WHY, by=alice)

    def test_does_not_make_an_open_form_stale(self, refund, alice):
        holding.extend(refund.pk, seconds=600, reason=WHY, by=alice)
        interventions.decide(refund.pk, by=alice, verdict=Verdict.APPROVE, version=refund.version)

    @pytest.mark.parametrize("who", ["charlie", "otto", "admin"])
    def test_needs_a_seat(self, refund, who, request):
        with pytest.raises(PermissionDenied):
            holding.extend(refund.pk, seconds=600, reason=WHY, by=request.getfixturevalue(who))


def test_escalating_does_not_end_a_claim(claimed, alice, mara):
    assignments.raise_level(claimed, 2, [mara], POLICY)
    claimed.refresh_from_db()
    assert claimed.claimed_by == alice
