"""The clock's round over the timers: what fails rests, and a clock that stood still is known to have done so."""

from datetime import timedelta

import pytest
from django.core.cache import cache

from reviews import pulse
from reviews.actions import firing, resting
from reviews.actions.assertions import CHECKS
from reviews.models import ClockMark, Intervention, Timer
from reviews.models.finding import Alarm
from tests import factories
from tests.reviews.actions.conftest import book
from tests.reviews.actions.time_travel import HOUR, MINUTE, NOON, ask, policy, results, step

DAMAGED = {"time": {"body": {"clock": "sundial"}}}


@pytest.fixture(autouse=True)
def still(clock):
    """Nothing passes by itself."""


class TestWhatCannotFire:
    @pytest.fixture
    def broken(self, alice):
        """Two questions whose policy was damaged, longest due."""
        policy(steps=[step("30 min", "remind")])
        found = [ask() for _ in range(2)]
        Intervention.objects.update(policy=DAMAGED)
        return found

    def test_gives_up_its_place_to_those_behind_it(self, clock, broken):
        clock.stand_still(minutes=1)
        sound = ask()
        clock.stand_still(minutes=40)

        assert [firing.fire_due(clock.now, limit=2) for _ in range(2)] == [0, 1]
        assert ("step", 1, "fired") in results(sound)

    def test_is_tried_again_once_it_has_rested(self, clock, broken):
        clock.stand_still(minutes=40)
        clock.sweep()
        policy_of = ask().policy
        Intervention.objects.update(policy=policy_of)
        assert clock.sweep() == 0

        clock.now += resting.REST
        assert clock.sweep() == 2

    def test_is_tried_at_once_where_it_has_only_just_failed(self, clock, broken):
        clock.stand_still(minutes=30, seconds=30)
        assert clock.sweep() == 0
        Intervention.objects.update(policy=ask().policy)

        assert clock.sweep() == 2

    def test_raises_the_alarm_while_it_rests(self, clock, broken):
        clock.stand_still(minutes=40)
        clock.sweep()

        late = CHECKS[Alarm.LATE_TIMER](clock.now, [])
        assert {fault.subject for fault in late} == {f"intervention:{one.pk}" for one in broken}


class TestAClockThatStoodStill:
    @pytest.fixture
    def question(self, alice, mara):
        policy(respond_within="1h", expires_after="4h")
        return ask()

    @pytest.fixture
    def back(self, clock, question):
        """After three hours the clock is back, a minute after the question's time ran out."""
        clock.pass_by(minutes=61)
        clock.stand_still(hours=3)
        return clock

    def test_gives_grace_also_to_what_ran_out_in_its_last_minute(self, back, question):
        cache.delete(pulse.SWEEP)
        back.sweep()

        question.refresh_from_db()
        assert question.is_open
        assert question.expires_at == back.now + 15 * MINUTE
        assert "intervention.expiry_postponed" in book()

    def test_gives_it_once(self, back, question):
        back.sweep()
        back.pass_by(minutes=16)

        question.refresh_from_db()
        assert not question.is_open

    def test_gives_it_also_to_what_the_first_round_did_not_reach(self, back, alice):
        Intervention.objects.update(expires_at=NOON + 4 * HOUR)
        policy("other", respond_within="1h", expires_after="4h")
        for _ in range(2):
            later = ask(judgement={"escalation": "other"})
            later.timers.update(due_at=back.now - timedelta(seconds=30))
            later.timers.exclude(kind=Timer.Kind.EXPIRE).delete()

        for _ in range(4):
            firing.fire_due(back.now, limit=1)

        assert Intervention.objects.open().count() == 3
        assert book().count("intervention.expiry_postponed") == 3

    def test_for_less_than_two_minutes_did_not_stand_still(self, clock, question):
        clock.pass_by(hours=3, minutes=59)
        clock.stand_still(seconds=100)
        clock.sweep()

        question.refresh_from_db()
        assert not question.is_open

    def test_is_measured_from_the_last_round_of_any_clock(self, clock, question):
        clock.sweep()
        assert ClockMark.objects.get().fired_until == NOON
        firing.fire_due(NOON - HOUR)  # of a clock that is behind
        assert ClockMark.objects.get().fired_until == NOON
        clock.pass_by(minutes=5)
        assert ClockMark.objects.get().fired_until == NOON + 5 * MINUTE


class TestAClockThatIsAlwaysLate:
    def test_puts_an_end_off_twice_and_no_more(self, queue, alice, caplog):
        question = factories.question()
        for put_off in (True, True, False):
            now = Intervention.objects.get(pk=question.pk).expires_at + timedelta(minutes=3)
            ClockMark.objects.all().delete()
            ClockMark.objects.create(fired_until=now - timedelta(minutes=3))
            firing.fire_due(now)
            assert Intervention.objects.get(pk=question.pk).is_open is put_off
        assert "was put off 2 times" in caplog.text
