"""What questions depend on, remembered by a process as long as it is so."""

from uuid import uuid4

import pytest
from django.utils import timezone

from reviews.actions import gates, review_policies, rulebook, surroundings
from reviews.businesstime import OFFICE
from reviews.models import Calendar, Endpoint, Notice, NoticeSettings, Queue, Run
from reviews.policies import DUE_IN
from reviews.states import Risk, RunStatus
from tests import factories


@pytest.fixture(autouse=True)
def forgotten(monkeypatch):
    """A process that knows nothing yet."""
    monkeypatch.setattr(surroundings, "_known", {})


@pytest.fixture
def token():
    """Of the policies in force."""
    review_policies.touch()
    return rulebook.current().token


@pytest.fixture
def known(alice, token):
    """A gate at which somebody was asked: this process knows the queue now, and that nobody wants to hear of it."""
    gates.park(factories.leased(), factories.state(), [factories.proposal()], token=token)
    return token


def hears(person):
    """They want to hear of every new question of their queues."""
    NoticeSettings.objects.create(user=person, page=["opened"], opened=True)


def put_to(slug, **changes):
    return factories.proposal(judgement={"queue": slug}, **changes)


def asks(token, *proposals):
    """The question that a worker asks which comes again when something has changed, and how often it had to come."""
    run, again = factories.leased(), 0
    while True:
        try:
            gates.park(run, factories.state(), list(proposals) or [factories.proposal()], token=token)
        except rulebook.Outdated:
            assert not run.checkpoints.exists()
            again += 1
            assert again < 3
        else:
            return run.interventions.get(), again


class TestWhatIsRemembered:
    def test_holds_while_nothing_changes(self, known):
        question, again = asks(known)
        assert (question.status, again) == ("pending", 0)

    def test_is_read_anew_once_somebody_wants_to_hear_of_new_questions(self, known, alice):
        hears(alice)

        question, again = asks(known)

        assert again == 1
        assert Notice.objects.filter(intervention=question, user=alice).exists()

    def test_is_read_anew_once_who_wants_to_hear_gets_a_seat(self, known, charlie):
        hears(charlie)
        factories.seat(charlie, Queue.objects.get(slug="support"))

        question, again = asks(known)

        assert again == 1
        assert Notice.objects.filter(intervention=question, user=charlie).exists()

    def test_is_read_anew_once_a_room_wants_to_hear(self, known, alice):
        room = {"channel": "slack", "name": "Room", "host": "127.0.0.1", "sealed_url": b""}
        Endpoint.objects.create(**room, opened=True, created_by=alice, created_at=timezone.now())
        assert asks(known)[1] == 1

    def test_is_read_anew_once_the_office_has_other_hours(self, known):
        week = {"mon": [["09:00", "10:00"]]}
        Calendar.objects.create(slug="office", zone="UTC", hours=week, created_at=timezone.now())

        question, again = asks(known, factories.proposal(judgement={"risk": Risk.LOW, "due_in": DUE_IN[Risk.LOW]}))

        assert again == 1
        assert question.policy["time"]["calendar"]["hours"] == week != OFFICE.snapshot()["hours"]
        assert asks(known)[1] == 0

    def test_is_read_anew_once_a_queue_is_there_that_a_rule_names(self, known):
        first, _ = asks(known, put_to("legal"))
        assert first.queue.slug == "support"
        legal = factories.queue("legal")

        question, again = asks(known, put_to("legal"))

        assert (question.queue, again) == (legal, 1)

    def test_of_another_queue_is_not_taken_for_this_one(self, known):
        legal = factories.queue("legal")
        assert asks(known, put_to("legal"))[0].queue == legal
        assert asks(known)[0].queue.slug == "support"

    def test_tells_a_lost_lease_from_a_change(self, known):
        run = factories.leased()
        Run.objects.filter(pk=run.pk).update(lease=uuid4())

        with pytest.raises(gates.LeaseLost):
            gates.park(run, factories.state(), [factories.proposal()], token=known)

        assert Run.objects.get(pk=run.pk).status == RunStatus.RUNNING

    def test_is_not_asked_for_by_who_would_not_come_again(self, known, alice):
        hears(alice)
        run = factories.leased()

        assert gates.park(run, factories.state(), [factories.proposal()]) is True
        assert Notice.objects.filter(intervention__run=run, user=alice).exists()
