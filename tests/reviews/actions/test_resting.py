"""One timer that cannot fire holds nothing else up, and rests longer each time."""

import pytest

from reviews.actions import gates, ladder
from reviews.actions.assertions import CHECKS
from reviews.models import Notice, Timer
from reviews.models.finding import Alarm
from reviews.states import NoticeKind
from tests import factories
from tests.reviews.actions.conftest import book
from tests.reviews.actions.time_travel import MINUTE, NOON, ask, policy, results, step


@pytest.fixture(autouse=True)
def still(clock):
    """Nothing passes by itself."""


@pytest.fixture
def tries(monkeypatch, clock):
    """When a step was tried that cannot be done."""
    moments = []

    def fails(*_):
        moments.append(clock.now)
        raise LookupError("there is no such thing any more")

    monkeypatch.setitem(ladder.DEEDS, "raise_priority", fails)
    return moments


@pytest.fixture
def question(alice, mara):
    """Open for four hours; of two steps that come together one cannot be done."""
    reminders = [step("30 min", "remind"), step("45 min", "remind", to="managers")]
    policy(steps=[step("30 min", "raise_priority"), *reminders])
    return ask()


def told():
    """Who was sent a reminder, in order."""
    owed = Notice.objects.filter(kind=NoticeKind.REMINDER, user__isnull=False).order_by("id")
    return list(owed.values_list("user__username", flat=True))


def came_of(question):
    return {(kind, number): result for kind, number, result in results(question)}


class TestTheOthers:
    def test_of_the_same_question_fire_at_their_moments(self, clock, question, tries):
        clock.pass_by(minutes=30)
        assert came_of(question)["step", 2] == "fired" and came_of(question)["step", 1] == "waits"
        clock.pass_by(minutes=15)
        assert came_of(question)["step", 3] == "fired"
        clock.pass_by(minutes=15)
        assert came_of(question)["due", 0] == "fired"

    def test_are_done_once_although_each_was_tried_alone(self, clock, question, tries, alice):
        clock.pass_by(minutes=32)
        assert book().count("intervention.reminded") == 1
        assert told() == ["alice", "mara"]

    def test_still_come_together(self, clock, question, tries):
        clock.stand_still(minutes=65)
        clock.sweep()
        assert told() == ["alice", "mara"]
        assert came_of(question)["due", 0] == "fired"

    def test_end_the_question_when_its_time_is_over(self, clock, question, tries):
        clock.pass_by(hours=4)
        question.refresh_from_db()
        assert (question.status, came_of(question)["expire", 0]) == ("expired", "fired")
        assert not Timer.objects.waiting().filter(intervention=question).exists()

    def test_of_other_questions_of_its_run_fire(self, clock, question, tries):
        policy("plain", steps=[step("30 min", "remind")])
        run = factories.leased()
        calls = [factories.proposal(call_id=slug, judgement={"escalation": slug}) for slug in ("test", "plain")]
        gates.park(run, factories.state(), calls)
        clock.pass_by(minutes=60)
        plain = run.interventions.get(tool_call__call_id="plain")
        assert (came_of(plain)["step", 1], came_of(plain)["due", 0]) == ("fired", "fired")


class TestWhatFails:
    def test_is_tried_at_once_and_then_after_longer_and_longer_rests(self, clock, question, tries):
        clock.pass_by(minutes=75)
        late = sorted({at - NOON - 30 * MINUTE for at in tries if at - NOON > 32 * MINUTE})
        assert [int(gap.total_seconds() / 60) for gap in late][:5] == [3, 4, 6, 10, 18]

    def test_fires_once_it_can(self, clock, question, tries, monkeypatch):
        clock.pass_by(minutes=40)
        monkeypatch.setitem(ladder.DEEDS, "raise_priority", ladder._raise_priority)
        clock.pass_by(minutes=16)
        assert came_of(question)["step", 1] == "fired"
        assert book().count("intervention.priority_raised") == 1

    def test_is_shown_by_the_watchdog_until_then(self, clock, question, tries):
        clock.pass_by(minutes=40)
        (fault,) = CHECKS[Alarm.LATE_TIMER](clock.now, [])
        assert fault.subject == f"intervention:{question.pk}"
        assert "it failed" in fault.said and "tried again" in fault.said
