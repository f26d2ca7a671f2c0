"""What changed, read once for all and told to each."""

from datetime import timedelta
from itertools import product

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone

from reviews import access
from reviews.actions import asking_back, assignments, holding, interventions
from reviews.actors import POLICY
from reviews.models import CallIn, Intervention, Membership
from reviews.web import board, fragments, lanes, news
from reviews.web.filters import TABS, Filter
from reviews.web.view import BoardView, View
from tests import factories
from tests.reviews import desk_data
from tests.reviews.actions.votes import asked, vote

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


class TestThoseCalledIn:
    """Who has no seat in the queue, but was brought to one of its questions."""

    def test_hear_of_their_question_and_of_no_other(self, charlie, refund):
        other = desk_data.refund()
        assignments.raise_level(refund, 1, [charlie], POLICY)

        assert f'id="row-{refund.pk}"' in told(charlie)
        assert str(other.pk) not in told(charlie)

    def test_see_it_go_when_it_is_decided(self, alice, charlie, refund):
        assignments.raise_level(refund, 1, [charlie], POLICY)
        before = fragments.newest()

        interventions.decide(refund.pk, by=alice, verdict="approve")

        assert f'<li id="row-{refund.pk}" hx-swap-oob="delete"></li>' in told(charlie, before)

    def test_hear_nothing_once_they_are_called_off_or_switched_off(self, charlie, refund):
        assignments.raise_level(refund, 1, [charlie], POLICY)
        User.objects.filter(pk=charlie.pk).update(is_active=False)
        assert told(charlie) == ""

        User.objects.filter(pk=charlie.pk).update(is_active=True)
        CallIn.objects.all().delete()
        assert told(charlie) == ""


class TestThoseBeingAsked:
    def test_hear_of_the_question_until_they_have_answered(self, alice, charlie):
        item = desk_data.asked_back(of=charlie, by=alice)
        assert "Waits for an answer" in told(charlie)

        asking_back.answer(item.pk, answer="Yes.", by=charlie)
        assert told(charlie) == ""


class TestVotes:
    def test_move_the_row_and_name_nobody(self, alice, bob, mara, queue):
        item = asked(by=3)
        before = fragments.newest()
        vote(item, alice)

        html = told(bob, before)

        assert "1 of 3 approvals" in html
        assert "A colleague voted on this" in html
        assert "alice" not in html and "approved" not in html

    def test_are_named_by_none_of_those_who_could_still_vote_also_to_overseers(self, alice, otto, queue):
        item = asked(by=2)
        before = fragments.newest()
        vote(item, alice)

        assert "alice" not in told(otto, before)

    def test_name_who_settled_it(self, alice, bob, mara, queue):
        item = asked(by=2)
        before = fragments.newest()
        vote(item, alice)
        vote(item, bob)

        assert "bob settled this" in told(mara, before)
        assert f'<li id="row-{item.pk}" hx-swap-oob="delete"></li>' in told(mara, before)


class TestTheHolder:
    def test_is_named_by_assignment(self, alice, bob, mara, refund):
        assignments.assign(refund.pk, to=bob, by=mara)

        assert "For bob" in told(alice)
        assert "For you" in told(bob)

    def test_no_longer_sees_what_they_put_aside_and_others_do(self, alice, bob, refund):
        holding.snooze(refund.pk, until=timezone.now() + timedelta(minutes=5), by=bob)

        assert f'id="row-{refund.pk}" hx-swap-oob="delete"' in told(bob)
        assert f'id="row-{refund.pk}" hx-swap-oob="delete"' not in told(bob, tab="snoozed")
        assert f'id="row-{refund.pk}" hx-swap-oob="delete"' not in told(alice)


class TestBoards:
    def say(self, person: User, since: int = 0, **chosen) -> str:
        """What that person's board is told."""
        whose = BoardView(person.pk, lanes.Look(**chosen))
        return news.tell(since, since, {whose: since}, {}).words.get(whose, "")

    def test_are_told_to_fetch_themselves_anew_as_they_are(self, mara, refund):
        assert self.say(mara, lane="1", after="x") == board.anew(lanes.Look(lane="1", after="x"))

    @pytest.mark.parametrize("who", ["alice", "charlie", "otto", "admin"])
    def test_are_silent_to_who_manages_nothing(self, request, refund, who):
        assert self.say(request.getfixturevalue(who)) == ""

    def test_are_silent_about_queues_of_others(self, mara, refund):
        Membership.objects.filter(user=mara).update(queue=factories.queue("other"))

        assert self.say(mara) == ""

    def test_are_silent_about_what_they_know(self, mara, refund):
        assert self.say(mara, fragments.newest()) == ""

    def test_and_inboxes_are_told_by_one_look(self, alice, mara, refund, django_assert_num_queries):
        views = {view(alice): 0, BoardView(mara.pk, lanes.Look()): 0}
        names: dict[str, str] = {}
        news.tell(0, 0, views, names)

        with django_assert_num_queries(1):
            assert set(news.tell(0, 0, views, names).words) == set(views)


class TestShows:
    def test_agrees_with_what_the_database_leaves(self, alice, bob, queue):
        items = [desk_data.refund(risk=risk) for risk in (1, 3)]
        interventions.claim(items[0].pk, by=alice)
        Intervention.objects.filter(pk=items[1].pk).update(level=1, agent="other", tool="", assignee=bob)
        aside = desk_data.refund(risk=3)
        later = timezone.now() + timedelta(minutes=5)
        Intervention.objects.filter(pk=aside.pk).update(assignee=alice, snoozed_until=later)
        rows = Intervention.objects.select_related("queue")
        choices = product(
            TABS, ((), (queue.slug,), ("x",)), ((), ("3",), ("1", "4")), ((), ("other",)), ((), (items[0].tool,))
        )

        for tab, queues, risks, agents, tools in choices:
            chosen = Filter(tab=tab, queue=queues, risk=risks, agent=agents, tool=tools)
            for person in (alice, bob):
                left = set(chosen.applied(Intervention.objects.all(), person).values_list("pk", flat=True))
                assert {item.pk for item in rows if chosen.shows(item, person.pk)} == left, chosen
