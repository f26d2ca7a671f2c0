"""Whom a step means: who is there, and may do what it asks of them."""

import pytest
from django.utils import timezone

from reviews.actions import assignments, interventions, targets
from reviews.actors import POLICY
from reviews.models import Absence, Intervention, Membership, Notice
from reviews.states import Verdict
from tests.reviews.actions.conftest import book
from tests.reviews.actions.test_notices import room
from tests.reviews.actions.time_travel import HOUR, ask, policy, results, step


@pytest.fixture(autouse=True)
def still(clock):
    """Nothing passes by itself."""


def names(question, *to, do="notify"):
    fresh = Intervention.objects.select_related("run", "queue").get(pk=question.pk)
    return [person.username for person in targets.Roster().people(fresh, to, do=do)]


def leave(person):
    now = timezone.now()
    Absence.objects.create(user=person, starts_at=now - HOUR, ends_at=now + HOUR, set_by=person, created_at=now)


class TestPeople:
    @pytest.fixture
    def question(self, alice, bob, mara):
        policy()
        return ask()

    def test_are_named_once_in_the_order_of_the_step(self, question):
        assert names(question, "managers", "user:bob", "reviewers") == ["mara", "bob", "alice"]

    def test_are_those_of_a_group_of_accounts_or_of_a_queue(self, question, charlie):
        assert names(question, "group:support") == ["alice", "bob", "mara"]
        assert names(question, "group:reviewer") == ["alice", "bob"]

    def test_are_the_holder_or_else_the_reviewers(self, question, alice, bob):
        assert names(question, "holder") == ["alice", "bob", "mara"]
        assignments.assign(question.pk, to=alice, by=alice)
        assert names(question, "holder") == ["alice"]
        interventions.claim(question.pk, by=bob)
        assert names(question, "holder") == ["bob"]

    def test_are_neither_away_nor_gone(self, question, alice, bob):
        leave(alice)
        type(bob).objects.filter(pk=bob.pk).update(is_active=False)

        assert names(question, "reviewers", "user:alice", "user:bob") == ["mara"]

    @pytest.mark.parametrize("do", ["remind", "notify", "reassign", ""])
    def test_without_a_seat_are_not_there_for_a_step_that_calls_nobody_in(self, question, charlie, do):
        assert names(question, "user:charlie", do=do) == []

    @pytest.mark.parametrize("do", ["escalate", "add_reviewers"])
    def test_without_a_seat_are_there_to_be_called_in(self, question, charlie, do):
        assert names(question, "user:charlie", do=do) == ["charlie"]

    def test_who_were_called_in_are_there_from_then_on(self, question, charlie):
        assignments.raise_level(question, 2, [charlie], POLICY)

        assert names(question, "user:charlie", "reviewers") == ["charlie", "alice", "bob", "mara"]

    @pytest.mark.parametrize("do", ["remind", "escalate"])
    def test_who_have_voted_hear_of_no_step(self, do, alice, bob, mara):
        policy()
        question = ask(judgement={"approvals": 2})
        interventions.decide(question.pk, by=mara, verdict=Verdict.APPROVE)

        assert names(question, "managers", do=do) == []
        assert names(question, "managers", do="") == ["mara"]

    def test_are_looked_up_once_for_all_questions_of_a_queue(self, question, alice, django_assert_num_queries):
        other, roster = ask(), targets.Roster()
        first, second = Intervention.objects.prefetch_related("call_ins").filter(pk__in=[question.pk, other.pk])
        roster.people(first, ["managers", "user:alice"], do="remind")

        with django_assert_num_queries(0):
            roster.people(second, ["managers", "user:alice"], do="remind")


class TestAStepToSomebodyWhoCannotSeeIt:
    @pytest.mark.parametrize("do", ["remind", "notify", "reassign"])
    def test_finds_nobody_and_the_next_one_is_done(self, clock, alice, bob, mara, charlie, do):
        policy(steps=[step("10 min", do, to="user:charlie"), step("50 min", "escalate", level=2)])
        question = ask()
        interventions.claim(question.pk, by=alice)
        clock.pass_by(minutes=11)

        assert results(question)[:2] == [("step", 1, "no_target"), ("step", 2, "fired")]
        question.refresh_from_db()
        assert (question.claimed_by, question.assignee, question.level) == (alice, None, 2)
        assert not Notice.objects.filter(user=charlie).exists()
        assert "escalation.no_target" in book()

    def test_reaches_those_beside_them_who_can(self, clock, alice, charlie):
        policy(steps=[step("10 min", "reassign", to=["user:charlie", "user:alice"])])
        question = ask()
        clock.pass_by(minutes=11)

        question.refresh_from_db()
        assert question.assignee == alice

    def test_reaches_nobody_whose_seat_was_taken_since(self, clock, alice, bob):
        policy(steps=[step("10 min", "remind", to="holder")])
        question = ask()
        assignments.assign(question.pk, to=alice, by=alice)
        Membership.objects.filter(user=alice).delete()
        clock.pass_by(minutes=11)

        assert results(question)[0] == ("step", 1, "no_target")


class TestAStepThatPosts:
    @pytest.fixture
    def question(self, alice, mara):
        policy(steps=[step("10 min", "webhook"), step("50 min", "escalate", level=2)])
        return ask()

    def test_finds_nobody_where_no_room_or_program_listens_and_the_next_one_is_done(self, clock, question, queue, mara):
        room(queue, mara, "assigned")
        clock.pass_by(minutes=11)

        assert results(question)[:2] == [("step", 1, "no_target"), ("step", 2, "fired")]
        assert "intervention.webhook_owed" not in book()

    def test_tells_those_that_listen_why(self, clock, question, queue, mara):
        room(queue, mara, "escalated")
        clock.pass_by(minutes=11)

        assert results(question)[:2] == [("step", 1, "fired"), ("step", 2, "waits")]
        assert Notice.objects.get(endpoint__isnull=False).payload["says"].startswith("Nobody has answered this yet")
