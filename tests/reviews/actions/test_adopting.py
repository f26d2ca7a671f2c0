"""Open questions without a timer: from before there were any, or robbed of theirs."""

import json
from datetime import timedelta

import pytest
from django.core.cache import cache

from reviews.actions import adopting, holding, interventions, rounds
from reviews.actions.assertions import CHECKS
from reviews.models import AuditEntry, Calendar, Intervention, Timer
from reviews.models.finding import Alarm
from reviews.states import Risk, Verdict
from tests import factories
from tests.reviews.actions.conftest import book
from tests.reviews.actions.time_travel import DAY, HOUR, MINUTE, NOON, ask, policy, results, step


@pytest.fixture(autouse=True)
def still(clock):
    """Nothing passes by itself."""


@pytest.fixture
def old():
    """A question as a desk of the release before left it: no timers, no end, no policy of time."""

    def opened(**judgement):
        question = factories.question(judgement={"risk": Risk.HIGH, "due_in": 3600, **judgement})
        Timer.objects.filter(intervention=question).delete()
        kept = {key: value for key, value in question.policy.items() if key != "time"}
        Intervention.objects.filter(pk=question.pk).update(policy=kept, expires_at=None)
        return question

    return opened


@pytest.fixture
def robbed(alice, mara):
    """A question under a policy of its own, an hour and a half after it was opened, without its timers."""

    def opened(clock, **said):
        policy(steps=[step("2h", "remind"), step("150 min", "escalate", level=2)], **said)
        question = ask()
        clock.pass_by(minutes=90)
        question.timers.waiting().delete()
        question.refresh_from_db()
        return question

    return opened


def moments(question):
    rows = question.timers.waiting().order_by("due_at", "kind")
    return [(row.kind, row.step_no, row.due_at) for row in rows]


class TestAdopt:
    def test_gives_an_old_question_the_moments_of_its_risk_and_keeps_when_it_is_due(self, clock, old):
        question = old()
        clock.stand_still(minutes=20)

        assert adopting.adopt() == 1

        question.refresh_from_db()
        assert (question.due_at, question.expires_at) == (NOON + HOUR, clock.now + DAY)
        assert question.policy["time"]["body"]["respond_within"] == 3600
        assert [kind for kind, _, _ in moments(question)] == ["step", "step", "due", "step", "step", "step", "expire"]
        assert all(at > clock.now for _, _, at in moments(question))

    def test_robs_nobody_of_their_time_where_it_would_be_over_already(self, clock, old, alice, mara):
        question = old()
        clock.stand_still(days=30)
        adopting.adopt()
        clock.pass_by(minutes=2)

        question.refresh_from_db()
        assert question.is_open and question.overdue  # it has been due for a month, and now somebody hears of it
        clock.pass_by(minutes=70)
        question.refresh_from_db()
        assert question.level == 2
        clock.stand_still(days=1)
        clock.pass_by(minutes=20)
        question.refresh_from_db()
        assert question.status == "expired"

    def test_lets_nothing_end_before_its_answer_is_due(self, clock, old):
        question = old(due_in=9 * 86_400)
        Intervention.objects.update(policy={"due_in": 3600})
        adopting.adopt()

        question.refresh_from_db()
        assert question.due_at == NOON + 9 * DAY
        assert question.expires_at == NOON + 9 * DAY + 23 * HOUR

    def test_heals_what_the_watchdog_finds(self, clock, old, robbed):
        old(), robbed(clock)
        assert len(CHECKS[Alarm.NO_TIMER](clock.now, [])) == 2
        adopting.adopt()

        assert CHECKS[Alarm.NO_TIMER](clock.now, []) == []

    def test_keeps_the_policy_and_the_end_of_one_that_lost_its_timers(self, clock, robbed):
        question = robbed(clock)
        before = results(question)
        frozen = question.policy["time"]
        adopting.adopt()

        question.refresh_from_db()
        assert (question.policy["time"], question.generation) == (frozen, 2)
        assert (question.due_at, question.expires_at) == (NOON + HOUR, NOON + 4 * HOUR)
        # its answer was late already and told to be, and the second step would come when the time is over
        assert moments(question) == [("step", 1, clock.now + 2 * HOUR), ("expire", 0, NOON + 4 * HOUR)]
        assert results(question)[: len(before)] == before

    def test_lets_one_that_was_late_be_late_again_after_an_extension_and_says_so_once(self, clock, robbed, alice):
        question = robbed(clock)
        adopting.adopt()
        holding.extend(question.pk, seconds=3600, reason="The bank is closed.", by=alice)
        question.refresh_from_db()
        assert not question.overdue
        clock.pass_by(minutes=31)

        question.refresh_from_db()
        assert question.overdue
        assert book().count("intervention.overdue") == 2

    def test_goes_on_reminding_of_one_that_waits_for_ever(self, clock, robbed):
        question = robbed(clock, expires_after=None, final={"do": "keep_waiting"})
        question.timers.filter(fired_at=None).delete()
        adopting.adopt()

        assert moments(question) == [("nag", 0, clock.now + 7 * DAY)]

    def test_takes_the_policy_of_the_risk_where_the_frozen_one_was_damaged(self, clock, robbed):
        question = robbed(clock)
        Intervention.objects.update(policy={"escalation": "gone", "time": {"body": {"clock": "sundial"}}, "due_in": 60})
        adopting.adopt()

        assert moments(question)
        replaced = AuditEntry.objects.filter(action="escalation.replaced").order_by("seq")
        assert [json.loads(entry.data)["name"] for entry in replaced] == ["its own", "gone"]

    def test_signs_the_book_once_and_does_nothing_twice(self, clock, old):
        question = old()
        assert adopting.adopt() == 1
        before = book()
        assert before[-1] == "escalation.adopted"
        cache.delete(adopting.RESTS)

        assert adopting.adopt() == 0
        assert not adopting._adopt(question.pk)
        assert book() == before

    def test_leaves_alone_what_is_closed_and_what_has_a_moment_to_come(self, clock, old, alice):
        policy()
        ask()
        interventions.decide(old().pk, by=alice, verdict=Verdict.APPROVE)

        assert adopting.adopt() == 0

    def test_looks_again_only_after_a_while_once_nothing_is_left(self, clock, old, monkeypatch):
        monkeypatch.setattr(rounds, "AT_ONCE", 2)
        for _ in range(3):
            old()
        assert [adopting.adopt() for _ in range(2)] == [2, 1]
        old()
        assert adopting.adopt() == 0

        cache.delete(adopting.RESTS)
        assert adopting.adopt() == 1

    def test_lets_an_adopted_question_be_given_more_time(self, clock, old, alice):
        question = old()
        adopting.adopt()
        holding.extend(question.pk, seconds=1800, reason="The bank is closed.", by=alice)

        due = question.timers.get(kind="due")
        assert due.due_at == NOON + HOUR + 30 * MINUTE


class TestAPolicyWhoseMomentsNeverCome:
    @pytest.fixture
    def rare(self, clock):
        """An hour a week, and a step that is more than a hundred years of it away."""
        Calendar.objects.create(slug="rare", zone="UTC", hours={"mon": [["09:00", "10:00"]]}, created_at=clock.now)
        late = step("400%", "remind")
        said = {"clock": "business", "calendar": "rare", "respond_within": "90 days", "expires_after": None}
        policy(**said, steps=[late], final={"do": "keep_waiting"})

    def test_stops_no_run_at_its_gate(self, rare):
        question = ask(judgement={"risk": Risk.HIGH, "due_in": 3600})

        assert question.due_at == NOON + HOUR
        assert question.expires_at == NOON + timedelta(days=1)
        assert book()[-1] == "escalation.replaced"

    def test_of_the_office_itself_is_replaced_by_plain_office_hours(self, clock):
        days = [f"2026-{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 29)]
        hours = {"mon": [["09:00", "10:00"]]}
        row = Calendar.objects.create(slug="office", zone="UTC", hours=hours, holidays=days, created_at=clock.now)
        Calendar.objects.filter(pk=row.pk).update(hours={})
        question = factories.question(judgement={"risk": Risk.LOW, "due_in": 8 * 3600})

        assert question.due_at == NOON + DAY
        assert "escalation.replaced" in book()
