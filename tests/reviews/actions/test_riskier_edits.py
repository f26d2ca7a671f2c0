"""An edit that falls under a rule of higher risk: the risk follows, and with it the time limits."""

import json

import pytest

from reviews.models import AuditEntry, Event, Timer
from reviews.states import Risk
from reviews.web import steps
from tests import factories
from tests.reviews.actions.conftest import book
from tests.reviews.actions.time_travel import HOUR, MINUTE, NOON, policy, results
from tests.reviews.actions.votes import in_force, vote

SMALL, LARGE = ({"customer_id": "C-88213", "amount": amount} for amount in (100.0, 6000.0))


def over_5000(**more):
    return {"tool": "issue_refund", "when": "amount > 5000", "name": "Much money", **more}


@pytest.fixture(autouse=True)
def still(clock):
    """Nothing passes by itself."""


@pytest.fixture
def slow(alice, bob, mara):
    """A question of medium risk that is due in eight hours and ends in three days."""
    policy("slow", respond_within="8h", expires_after="72h")
    return factories.question(arguments=SMALL, judgement={"escalation": "slow"})


def edited(question, by, verdict="edit", **rule):
    in_force(over_5000(**{"risk": "critical", "approvals": 2} | rule))
    vote(question, by, verdict, replacement=LARGE)
    return question


def raised():
    return json.loads(AuditEntry.objects.get(action="intervention.demand_raised").data)


class TestTheRisk:
    def test_follows_upwards(self, slow, alice):
        assert edited(slow, alice).risk == Risk.CRITICAL
        assert slow.policy["risk"] == Risk.CRITICAL

    def test_never_falls(self, slow, alice):
        assert edited(slow, alice, risk="low").risk == Risk.MEDIUM

    def test_follows_also_where_the_edit_settles_it_and_the_book_says_so(self, slow, alice):
        edited(slow, alice, approvals=1)
        assert (slow.outcome, slow.risk) == ("edited", Risk.CRITICAL)
        assert [action for action in book() if action.startswith("intervention.")][-2:] == [
            "intervention.demand_raised",
            "intervention.edit",
        ]
        assert (raised()["risk"], raised()["was"]) == ("critical", "medium")
        assert not Timer.objects.waiting().exists()

    def test_is_told_by_book_and_event(self, slow, alice):
        edited(slow, alice)
        told = raised()
        assert (told["risk"], told["was"], told["approvals"]) == ("critical", "medium", 2)
        assert told["due_at"].startswith("2026-06-03T12:15") and told["until"].startswith("2026-06-03T16:00")
        event = Event.objects.get(kind="intervention.demand_raised")
        assert steps.note(event, {}).title.endswith("asks for more; its risk is critical now")


class TestTheTimeLimits:
    def test_are_those_of_the_higher_risk_from_then_on(self, clock, slow, alice):
        clock.now += 2 * HOUR
        edited(slow, alice)
        assert (slow.due_at, slow.expires_at) == (clock.now + 15 * MINUTE, clock.now + 4 * HOUR)
        assert slow.policy["time"]["body"]["final"]["do"] == "fail_run"
        waiting = Timer.objects.waiting().filter(intervention=slow)
        assert set(waiting.values_list("generation", flat=True)) == {2}
        assert waiting.get(kind="due").due_at == slow.due_at and waiting.get(kind="expire").due_at == slow.expires_at

    def test_ring(self, clock, slow, alice):
        edited(slow, alice)
        clock.pass_by(minutes=16)
        slow.refresh_from_db()
        assert slow.overdue and slow.level == 2
        clock.pass_by(hours=4)
        slow.refresh_from_db()
        assert slow.status == "expired"

    def test_are_those_that_the_rule_names(self, clock, slow, alice):
        policy("quick", respond_within="30 min", expires_after="2h")
        edited(slow, alice, escalation="quick")
        assert (slow.due_at, slow.expires_at) == (NOON + 30 * MINUTE, NOON + 2 * HOUR)

    @pytest.mark.parametrize(("ends", "final"), [("100h", "reject"), (None, "keep_waiting")])
    def test_are_never_longer_than_before(self, clock, slow, alice, ends, final):
        policy("endless", respond_within="20h", expires_after=ends, final={"do": final})
        before = slow.due_at, slow.expires_at
        edited(slow, alice, escalation="endless")
        assert (slow.due_at, slow.expires_at) == before
        assert slow.policy["time"]["body"]["final"]["do"] == "reject"
        assert ("expire", 0, "waits") in results(slow)

    def test_do_not_tell_again_what_was_late_before(self, clock, slow, alice):
        clock.pass_by(hours=9)
        slow.refresh_from_db()
        edited(slow, alice)
        clock.pass_by(hours=1)
        assert book().count("intervention.overdue") == 1

    def test_stay_where_the_risk_does(self, slow, alice):
        before = slow.due_at, slow.expires_at
        edited(slow, alice, risk="medium")
        assert (slow.due_at, slow.expires_at, slow.generation) == (*before, 1)
