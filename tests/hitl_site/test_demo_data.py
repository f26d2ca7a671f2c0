"""People, queues and first runs of the demo."""

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured

from hitl_site import demo_data
from reviews import access, catalog
from reviews.models import Membership, Queue, Run
from reviews.states import RunStatus
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def development(settings):
    settings.DEVELOPMENT = True


@pytest.fixture
def only(monkeypatch):
    """Let the demo know these agents only."""
    return lambda *cards: monkeypatch.setattr(catalog, "all_cards", lambda: list(cards))


class TestSeed:
    def test_makes_the_people_that_the_demo_prints(self):
        demo_data.seed()
        people = {user.username: user for user in User.objects.all()}

        assert set(people) == {"alice", "bob", "charlie", "mara", "otto", "admin"}
        for queue in Queue.objects.all():
            assert access.can_work_in(people["alice"], queue.pk) and access.can_work_in(people["bob"], queue.pk)
            assert access.manages(people["mara"], queue.pk)
            assert not access.can_work_in(people["otto"], queue.pk)
        assert access.sees_audit(people["otto"]) and access.sees_audit(people["admin"])
        assert [user.username for user in people.values() if user.is_staff] == ["admin"]

    def test_gives_charlie_nothing(self):
        demo_data.seed()
        charlie = User.objects.get(username="charlie")

        assert not access.queues_of(charlie).exists()
        assert not charlie.groups.exists()

    def test_lets_everybody_in_with_the_printed_password(self):
        demo_data.seed()
        for person in demo_data.PEOPLE:
            assert authenticate(None, username=person.username, password=demo_data.PASSWORD)

    def test_leaves_alone_what_is_there(self):
        demo_data.seed()
        alice = User.objects.get(username="alice")
        alice.set_password("her own secret")
        alice.save()
        alice.memberships.all().delete()
        Queue.objects.filter(slug="support").update(name="First line")
        demo_data.seed()

        assert authenticate(None, username="alice", password="her own secret")
        assert not Membership.objects.filter(user=alice).exists()
        assert Queue.objects.get(slug="support").name == "First line"

    def test_refuses_outside_of_development(self, settings):
        settings.DEVELOPMENT = False
        with pytest.raises(ImproperlyConfigured, match="published password"):
            demo_data.seed()
        assert not User.objects.exists()

    def test_keeps_out_of_a_database_of_real_people(self):
        factories.user("alice")
        factories.user("ann")
        with pytest.raises(ImproperlyConfigured, match="accounts that are not the demo's"):
            demo_data.seed()

        assert User.objects.count() == 2
        assert not authenticate(None, username="bob", password=demo_data.PASSWORD)


class TestSubmitFirstRuns:
    def test_starts_each_agent_that_has_a_sample_input(self, only):
        demo_data.seed()
        only(factories.card("clerk", sample_input="Refund O-1"), factories.card("mute"))

        assert demo_data.submit_first_runs() == 1
        run = Run.objects.get()
        assert (run.agent, run.input, run.status) == ("clerk", "Refund O-1", RunStatus.QUEUED)
        assert run.started_by is not None and run.started_by.username == demo_data.STARTER

    def test_does_so_once_in_the_life_of_the_database(self, only):
        demo_data.seed()
        only(factories.card("clerk", sample_input="Refund O-1"))
        demo_data.submit_first_runs()

        assert demo_data.submit_first_runs() == 0
        assert Run.objects.count() == 1

    def test_knows_a_queue_for_every_demo_agent(self):
        assert {card.queue for card in catalog.all_cards()} <= set(demo_data.QUEUES)
