"""A vote that nobody can settle."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from reviews.actions import eligibility
from reviews.models import Absence, AuditEntry, Notice, Timer
from tests import factories
from tests.reviews.actions.conftest import book
from tests.reviews.actions.time_travel import policy, results, step
from tests.reviews.actions.votes import asked, vote


@pytest.fixture(autouse=True)
def still(clock):
    """Nothing passes by itself."""


def put(by=2, **rules):
    """A question under the policy of time ``test``, on which a majority decides."""
    return asked(by, rules={"rejecting": "majority", **rules}, judgement={"escalation": "test"})


def told_admins():
    return list(Notice.objects.filter(kind="watchdog", channel="page").values_list("user__username", flat=True))


class TestATie:
    @pytest.fixture
    def tied(self, alice, bob, admin):
        """One for, one against, and nobody else."""
        factories.user("dora")
        policy(steps=[step("30 min", "remind"), step("50 min", "escalate", to=["user:dora"], level=2)])
        question = put()
        vote(question, alice)
        assert "intervention.nobody_left" not in book()
        vote(question, bob, "reject")
        return question

    def test_brings_the_next_people_in_at_once(self, clock, tied):
        assert (tied.is_open, eligibility.eligible(tied)) == (True, [])
        clock.pass_by(seconds=1)

        tied.refresh_from_db()
        assert tied.level == 2
        assert [one.username for one in eligibility.eligible(tied)] == ["dora"]
        assert results(tied)[:2] == [("step", 1, "waits"), ("step", 2, "fired")]

    def test_is_settled_by_them(self, clock, tied, django_user_model):
        clock.pass_by(seconds=1)
        vote(tied, django_user_model.objects.get(username="dora"))
        assert tied.outcome == "approved"

    def test_is_told_to_the_admins_and_the_book(self, tied):
        assert told_admins() == ["admin"]
        entry = AuditEntry.objects.get(action="intervention.nobody_left")
        assert (entry.actor_type, json.loads(entry.data)) == ("system", {"round": 1, "votes": 2, "escalated": True})

    def test_is_told_where_its_policy_of_time_calls_nobody(self, alice, bob, admin):
        policy(steps=[step("30 min", "remind")])
        question = put()
        vote(question, alice)
        vote(question, bob, "reject")

        assert told_admins() == ["admin"]
        assert json.loads(AuditEntry.objects.get(action="intervention.nobody_left").data)["escalated"] is False

    def test_calls_for_a_step_that_waits_for_missing_approvals(self, clock, alice, bob):
        policy(steps=[step("10 min", "remind", only_if="short_of_quorum", to=["user:dora"])])
        question = put()
        factories.seat(factories.user("dora"), question.queue)
        vote(question, alice)
        vote(question, bob, "reject")
        clock.pass_by(minutes=11)
        assert results(question)[0] == ("step", 1, "fired")


class TestTooFew:
    def test_are_noticed_with_the_vote_after_which_nobody_is_left(self, queue, alice):
        question = asked(2)
        vote(question, alice)
        assert book()[-2:] == ["intervention.nobody_left", "intervention.voted"]

    def test_are_those_who_are_away(self, queue, alice, bob):
        now = timezone.now()
        Absence.objects.create(
            user=bob, starts_at=now - timedelta(days=1), ends_at=now + timedelta(days=1), set_by=bob, created_at=now
        )
        vote(asked(2), alice)
        assert "intervention.nobody_left" in book()

    def test_are_enough_where_somebody_may_still_vote(self, queue, alice, bob):
        question = asked(2)
        vote(question, alice)
        assert "intervention.nobody_left" not in book()

    def test_count_those_again_whose_votes_an_edit_voided(self, queue, alice, bob):
        question = asked(2)
        vote(question, alice)
        vote(question, bob, "edit", replacement={**question.proposal, "amount": 1})
        assert "intervention.nobody_left" not in book()

    def test_bring_no_step_back_that_was_due_before(self, clock, queue, alice):
        policy(steps=[step("10 min", "escalate", level=2)])
        question = put()
        clock.stand_still(minutes=12)
        vote(question, alice)
        timer = Timer.objects.get(intervention=question, step_no=1)
        assert timer.due_at == timer.intended_at < timezone.now()
