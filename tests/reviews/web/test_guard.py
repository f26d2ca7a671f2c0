"""Whether those who listen still may."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from reviews import access
from reviews.access import Sight
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
    def test_are_what_each_may_read(self, alice, charlie, queue):
        charlie.is_superuser = True
        charlie.save()

        assert access.sights({alice.pk, charlie.pk}) == {
            alice.pk: Sight(frozenset({queue.pk})),
            charlie.pk: Sight(None),
        }
