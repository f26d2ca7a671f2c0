"""Whether those who listen still may."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from reviews import access
from reviews.access import Sight
from reviews.actions import asking_back, assignments, interventions
from reviews.actors import POLICY
from reviews.web import fragments, guard
from reviews.web.guard import Listener
from tests.reviews import desk_data

pytestmark = pytest.mark.django_db


@pytest.fixture
def listener(alice) -> Listener:
    """Alice, signed in."""
    browser = Client()
    browser.force_login(alice)
    return Listener(alice.pk, "alice", alice.password, browser.session.session_key)


class TestLook:
    def test_finds_who_is_signed_in_what_they_read_and_how_far_it_is(self, listener, queue):
        desk_data.refund()

        seen = guard.look({listener})

        assert seen.present == {listener}
        assert seen.sights == {listener.person: Sight(frozenset({queue.pk}))}
        assert seen.newest == fragments.newest()

    def test_misses_who_signed_out(self, listener):
        Session.objects.all().delete()

        assert guard.look({listener}).present == frozenset()

    def test_misses_whose_session_has_run_out(self, listener):
        Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))

        assert guard.look({listener}).present == frozenset()

    def test_misses_whose_account_is_switched_off(self, listener, alice):
        type(alice).objects.update(is_active=False)

        seen = guard.look({listener})
        assert (seen.present, seen.sights) == (frozenset(), {})

    def test_misses_who_has_a_new_password(self, listener, alice):
        alice.set_password("another one entirely")
        alice.save()

        assert guard.look({listener}).present == frozenset()

    def test_asks_the_database_as_often_for_many_as_for_one(self, listener, django_assert_num_queries):
        others = {Listener(listener.person, "alice", listener.password, f"key {number}") for number in range(50)}

        with django_assert_num_queries(7):
            assert guard.look({listener, *others}).present == {listener}


class TestSights:
    def test_name_what_came_to_somebody_without_a_seat(self, alice, charlie):
        called, asked = desk_data.refund(), desk_data.asked_back(of=charlie, by=alice)
        desk_data.refund()
        assignments.raise_level(called, 1, [charlie], POLICY)

        assert access.sights({charlie.pk})[charlie.pk] == Sight(questions=frozenset({called.pk, asked.pk}))

    def test_name_it_no_longer_when_it_is_closed_or_answered(self, alice, charlie):
        called, asked = desk_data.refund(), desk_data.asked_back(of=charlie, by=alice)
        assignments.raise_level(called, 1, [charlie], POLICY)

        interventions.decide(called.pk, by=alice, verdict="approve")
        asking_back.answer(asked.pk, answer="Yes.", by=charlie)

        assert not access.sights({charlie.pk})[charlie.pk]

    def test_name_no_question_of_a_queue_that_is_read_anyway(self, bob, queue):
        assignments.raise_level(desk_data.refund(), 1, [bob], POLICY)

        assert access.sights({bob.pk})[bob.pk] == Sight(frozenset({queue.pk}))

    def test_tell_whose_board_it_is(self, mara, queue):
        seen = frozenset({queue.pk})

        assert access.sights({mara.pk})[mara.pk] == Sight(seen, managed=seen)

    def test_of_charlie_are_nothing(self, charlie):
        desk_data.refund()

        sight = access.sights({charlie.pk})[charlie.pk]
        assert (sight, bool(sight)) == (Sight(), False)

    def test_are_what_each_may_read(self, alice, charlie, queue):
        charlie.is_superuser = True
        charlie.save()

        assert access.sights({alice.pk, charlie.pk}) == {
            alice.pk: Sight(frozenset({queue.pk})),
            charlie.pk: Sight(None),
        }
