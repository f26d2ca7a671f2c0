"""What changed, read once for all and told to each."""

from itertools import product

import pytest
from django.contrib.auth.models import Group, User

from reviews import access
from reviews.actions import interventions
from reviews.models import Intervention, Membership
from reviews.web import fragments, news
from reviews.web.filters import TABS, Filter
from reviews.web.view import View
from tests.reviews import desk_data

pytestmark = pytest.mark.django_db


def view(person: User, **chosen) -> View:
    """That person's inbox."""
    return View(person.pk, person.get_username(), Filter(**chosen))


def told(person: User, since: int = 0, **chosen) -> str:
    """What that person is told of everything after a number."""
    whose = view(person, **chosen)
    words = news.tell(since, since, {whose: since}, {}).words
    assert words is not None
    return desk_data.text_of(words.get(whose, ""))


@pytest.fixture
def refund(queue) -> Intervention:
    """A call that waits for approval."""
    return desk_data.refund()


class TestTell:
    def test_brings_the_row_as_the_page_itself_would(self, alice, refund):
        html = fragments.since(alice, Filter(), 0).html

        assert told(alice) in desk_data.text_of(html)
        assert f'id="row-{refund.pk}"' in told(alice)

    def test_is_silent_to_charlie_while_it_speaks_to_alice(self, alice, charlie, refund):
        views = {view(alice): 0, view(charlie): 0}

        assert set(news.tell(0, 0, views, {}).words) == {view(alice)}

    @pytest.mark.parametrize("role", [access.AUDITOR, access.ADMIN])
    def test_tells_those_who_read_everything(self, charlie, refund, role):
        access.ensure_roles()
        charlie.groups.add(Group.objects.get(name=role))

        assert str(refund.pk) in told(charlie)

    @pytest.mark.parametrize("role", [access.REVIEWER, access.MANAGER])
    def test_takes_no_other_role_for_a_seat(self, charlie, refund, role):
        access.ensure_roles()
        charlie.groups.add(Group.objects.get(name=role))

        assert told(charlie) == ""

    def test_tells_a_superuser_but_none_that_is_switched_off(self, charlie, refund):
        User.objects.filter(pk=charlie.pk).update(is_superuser=True)
        assert str(refund.pk) in told(charlie)

        User.objects.filter(pk=charlie.pk).update(is_active=False)
        assert told(charlie) == ""

    def test_tells_nothing_more_from_the_moment_a_seat_is_gone(self, alice, refund):
        assert told(alice)

        Membership.objects.filter(user=alice).delete()

        assert told(alice) == ""

    def test_tells_nothing_more_to_an_account_that_is_switched_off(self, alice, refund):
        User.objects.filter(pk=alice.pk).update(is_active=False)

        assert told(alice) == ""

    def test_names_who_did_it_to_all_others(self, alice, bob, refund):
        User.objects.filter(pk=bob.pk).update(first_name="Robert", last_name="Brown")
        before = fragments.newest()
        interventions.decide(refund.pk, by=bob, verdict="reject", note="no")

        assert "Robert Brown rejected this" in told(alice, before)
        assert "rejected this" not in told(bob, before)
        assert f'<li id="row-{refund.pk}" hx-swap-oob="delete"></li>' in told(bob, before)

    def test_names_the_holder_to_others_and_you_to_the_holder(self, alice, bob, refund):
        interventions.claim(refund.pk, by=alice)

        assert ">alice</span>" in told(bob)
        assert ">You</span>" in told(alice)

    def test_tells_a_view_nothing_that_it_already_knows(self, alice, refund):
        assert told(alice, fragments.newest()) == ""

    def test_says_when_it_is_too_much(self, alice, refund, monkeypatch):
        monkeypatch.setattr(fragments, "AT_ONCE", 2)
        desk_data.many(2)

        assert news.tell(0, 0, {view(alice): 0}, {}) == news.Told(None, 0, has_changes=True)

    def test_hides_nothing_an_agent_wrote(self, alice, queue):
        desk_data.refund(title="Pay \u202eecila")

        assert "Pay ⟦U+202E⟧ecila" in told(alice)

    def test_asks_the_database_once_for_everybody(self, alice, bob, refund, django_assert_num_queries):
        interventions.claim(refund.pk, by=alice)
        names: dict[str, str] = {}
        news.tell(0, 0, {view(alice): 0}, names)

        with django_assert_num_queries(1):
            news.tell(0, 0, {view(alice): 0, view(bob): 0, view(bob, risk=("4",)): 0}, names)


class TestShows:
    def test_agrees_with_what_the_database_leaves(self, alice, bob, queue):
        items = [desk_data.refund(risk=risk) for risk in (1, 3)]
        interventions.claim(items[0].pk, by=alice)
        Intervention.objects.filter(pk=items[1].pk).update(level=1, agent="other", tool="")
        rows = Intervention.objects.select_related("queue")
        choices = product(
            TABS, ((), (queue.slug,), ("x",)), ((), ("3",), ("1", "4")), ((), ("other",)), ((), (items[0].tool,))
        )

        for tab, queues, risks, agents, tools in choices:
            chosen = Filter(tab=tab, queue=queues, risk=risks, agent=agents, tool=tools)
            for person in (alice, bob):
                left = set(chosen.applied(Intervention.objects.all(), person).values_list("pk", flat=True))
                assert {item.pk for item in rows if chosen.shows(item, person.pk)} == left, chosen
