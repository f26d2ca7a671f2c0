"""The managers' board: what is late, who can take it, and giving it to them."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from reviews.actions import absences, assignments, evenly, interventions
from reviews.actors import POLICY
from reviews.models import Absence, AuditEntry, Intervention
from reviews.web import board, lanes
from reviews.web.lanes import Look
from tests import factories
from tests.reviews.desk_data import many, refund, text_of
from tests.reviews.web.visits import page_of, post

pytestmark = pytest.mark.django_db
WHY = "It was a mistake of mine."


@pytest.fixture
def team(alice, bob, mara):
    """The people of the queue, with names."""
    for person in (alice, bob, mara):
        person.first_name = person.username.capitalize()
        person.save(update_fields=["first_name"])
    return alice, bob, mara


def level(item, number):
    assignments.raise_level(item, number, [], POLICY)
    return item


def titles(user, **query):
    """What each lane shows, in order."""
    shown = page_of(user, "reviews:board", **query).context["lanes"]
    return {lane.key: [ticket.item.title for ticket in lane.tickets] for lane in shown}


def html_of(user):
    """The board as it goes to the browser."""
    browser = Client()
    browser.force_login(user)
    return browser.get(reverse("reviews:board")).content.decode()


def shown(user):
    """With whom the board shows each question, as its form says it."""
    return re.findall(r'name="seen" value="([^"]+)" form="chosen"', html_of(user))


class TestBoard:
    @pytest.mark.parametrize("who", ["alice", "charlie", "otto", "admin"])
    def test_is_there_for_managers_only(self, request, who):
        user = request.getfixturevalue(who)
        refund()
        for name in ("reviews:board", "reviews:board_delta", "reviews:share_out"):
            assert page_of(user, name).status_code == 404
        assert "Board" not in text_of(page_of(user, "reviews:inbox"))

    def test_asks_strangers_to_sign_in(self):
        assert Client().get(reverse("reviews:board")).status_code == 302

    def test_offers_who_has_least_first_and_who_is_away_last(self, team, queue, mara):
        alice, bob, _ = team
        for item in many(3)[:2]:
            assignments.assign(item.pk, to=alice, by=mara)
        absences.leave(
            bob, starts_at=timezone.now(), ends_at=timezone.now() + timedelta(days=2), delegate=None, by=mara
        )

        page = page_of(mara, "reviews:board")
        offered = re.findall(r'<option value="(\w+)"', page.content.decode())

        assert offered == ["mara", "alice", "bob"] * 4  # once for the ticked ones, and at each of three
        assert [person.user for person in page.context["workload"]] == [alice, bob, mara]

    def test_is_in_the_managers_rail(self, mara):
        assert reverse("reviews:board") in text_of(page_of(mara, "reviews:inbox"))

    def test_has_a_lane_for_each_level_first_due_first(self, mara):
        first, second, third, fourth = many(4)
        level(fourth, 1)
        level(third, 4)
        assert titles(mara) == {"0": ["Refund 0", "Refund 1"], "1": ["Refund 3"], "2": ["Refund 2"]}
        assert "Level 4" in text_of(page_of(mara, "reviews:board"))

    def test_shows_nothing_of_a_queue_they_do_not_manage(self, mara):
        factories.card("lawyer", queue="legal")
        other = refund("Sign K-2231", on=factories.leased(factories.run(agent="lawyer")))
        factories.seat(mara, other.queue)

        assert "Sign K-2231" not in text_of(page_of(mara, "reviews:board"))
        assert post(mara, "reviews:assign", other.pk, to="mara").status_code == 404
        assert post(mara, "reviews:de_escalate", other.pk, reason=WHY).status_code == 404

    def test_says_what_is_late(self, mara):
        item = refund()
        Intervention.objects.filter(pk=item.pk).update(due_at=timezone.now() - timedelta(minutes=3))
        page = text_of(page_of(mara, "reviews:board"))
        assert "1 past due" in page and "data-late" in page

    def test_says_whose_clock_stands(self, mara):
        item = refund()
        Intervention.objects.filter(pk=item.pk).update(
            due_at=timezone.now() - timedelta(minutes=3), asked_back_at=timezone.now()
        )
        page = text_of(page_of(mara, "reviews:board"))
        assert "Asked back" in page and "past due" not in page

    def test_is_bounded_and_leads_to_the_rest(self, mara, monkeypatch):
        monkeypatch.setattr(lanes, "PER_LANE", 2)
        monkeypatch.setattr(lanes, "PER_PAGE", 3)
        many(5)
        assert titles(mara)["0"] == ["Refund 0", "Refund 1"]

        first = page_of(mara, "reviews:board", lane="0").context["lanes"][0]
        rest = page_of(mara, "reviews:board", lane="0", after=first.after).context["lanes"][0]

        assert [[ticket.item.title for ticket in lane.tickets] for lane in (first, rest)] == [
            ["Refund 0", "Refund 1", "Refund 2"],
            ["Refund 3", "Refund 4"],
        ]
        assert (first.number, rest.after, rest.is_first) == (5, "", False)

    def test_can_show_one_persons_share_or_nobodys(self, alice, bob, mara):
        mine, held, free = many(3)
        assignments.assign(mine.pk, to=alice, by=mara)
        assignments.assign(held.pk, to=alice, by=mara)
        interventions.claim(held.pk, by=bob)
        assert titles(mara, whose="alice")["0"] == ["Refund 0"]
        assert titles(mara, whose="bob")["0"] == ["Refund 1"]
        assert titles(mara, whose="-")["0"] == ["Refund 2"]
        assert titles(mara, queue="legal")["0"] == []

    def test_shows_who_has_how_much_and_who_is_away(self, team):
        alice, bob, mara = team
        for item in many(3):
            assignments.assign(item.pk, to=alice, by=mara)
        now = timezone.now()
        Absence.objects.create(
            user=bob, delegate=alice, starts_at=now, ends_at=now + timedelta(days=1), set_by=bob, created_at=now
        )

        page = page_of(mara, "reviews:board")

        loads = [(person.name, person.load) for person in page.context["workload"]]
        assert loads == [("Alice", 3), ("Bob", 0), ("Mara", 0)]
        assert "Alice stands in" in text_of(page)

    def test_costs_as_much_for_many_as_for_one(self, mara, alice, django_assert_num_queries):
        level(refund(), 1)
        browser = Client()
        browser.force_login(mara)
        browser.get(reverse("reviews:board"))
        with django_assert_num_queries(15):
            browser.get(reverse("reviews:board"))
        for number, item in enumerate(many(12)):
            level(item, number % 4)
            assignments.assign(item.pk, to=alice, by=mara)
        for name in ("dora", "emil", "fritz"):
            factories.seat(factories.user(name), item.queue)
        with django_assert_num_queries(15):
            browser.get(reverse("reviews:board"))

    def test_comes_as_a_part_for_htmx(self, mara):
        browser = Client()
        browser.force_login(mara)
        part = browser.get(reverse("reviews:board"), headers={"HX-Request": "true"}).content.decode()
        assert part.lstrip().startswith('<div id="board"') and 'id="live-seq"' in part


class TestAssign:
    def test_gives_it_to_somebody(self, alice, mara):
        item = refund()
        answer = post(mara, "reviews:assign", item.pk, to="alice", seen="")
        assert answer.status_code == 302
        item.refresh_from_db()
        assert item.assignee == alice

    def test_moves_it_from_whom_it_was_seen_with(self, alice, bob, mara):
        item = assignments.assign(refund().pk, to=alice, by=mara)
        post(mara, "reviews:assign", item.pk, to="bob", seen=alice.pk)
        item.refresh_from_db()
        assert item.assignee == bob

    @pytest.mark.parametrize(("held", "status"), [(False, 409), (True, 302)])
    def test_ends_a_claim_only_where_it_was_shown(self, alice, bob, mara, held, status):
        item = refund()
        interventions.claim(item.pk, by=bob)
        assert f'name="held" value="{bob.pk}"' in html_of(mara)
        answer = post(mara, "reviews:assign", item.pk, to="alice", seen="", held=bob.pk if held else "")
        assert answer.status_code == status
        item.refresh_from_db()
        assert (item.claimed_by, item.assignee) == ((None, alice) if held else (bob, None))

    def test_gives_it_back(self, alice, mara):
        item = assignments.assign(refund().pk, to=alice, by=mara)
        post(mara, "reviews:assign", item.pk, to="", seen=alice.pk)
        item.refresh_from_db()
        assert item.assignee is None

    @pytest.mark.parametrize("seen_before", [False, True])
    def test_of_what_somebody_moved_meanwhile_says_so_and_changes_nothing(self, alice, bob, mara, seen_before):
        item = assignments.assign(refund().pk, to=alice, by=mara)
        answer = post(mara, "reviews:assign", item.pk, to="bob", seen=bob.pk if seen_before else "")
        assert answer.status_code == 409
        assert "meanwhile" in text_of(answer)
        item.refresh_from_db()
        assert item.assignee == alice

    @pytest.mark.parametrize("to", ["charlie", "nobody", "a\x00b"])
    def test_to_somebody_outside_of_the_queue_is_refused(self, charlie, mara, to):
        assert post(mara, "reviews:assign", refund().pk, to=to).status_code == 422

    def test_of_nothing_is_not_found(self, mara):
        assert post(mara, "reviews:assign", uuid4(), to="mara").status_code == 404

    @pytest.mark.parametrize("who", ["alice", "charlie", "otto"])
    def test_is_not_for_others(self, who, request, alice):
        item = refund()
        assert post(request.getfixturevalue(who), "reviews:assign", item.pk, to="alice").status_code == 404

    def test_answers_htmx_with_the_board_as_it_is_then(self, alice, mara):
        browser, item = Client(), refund()
        browser.force_login(mara)
        answer = browser.post(
            reverse("reviews:assign", args=[item.pk]), {"to": "alice"}, headers={"HX-Request": "true"}
        )
        assert answer.status_code == 200
        assert "alice has it now" in text_of(answer) and "<html" not in text_of(answer)


class TestSomebodyWhoWasCalledIn:
    @pytest.fixture
    def item(self, charlie, mara):
        """Assigned to charlie, who has no seat."""
        item = refund()
        assignments.raise_level(item, 1, [charlie], POLICY)
        return assignments.assign(item.pk, to=charlie, by=mara)

    def test_is_shown_as_whose_it_is(self, item, charlie, mara):
        assert re.search(r'<option value="charlie"\s+selected>charlie</option>', html_of(mara))

    def test_keeps_it_where_assign_is_pressed_with_nothing_changed(self, item, charlie, mara):
        assert post(mara, "reviews:assign", item.pk, to="charlie", seen=charlie.pk).status_code == 302
        item.refresh_from_db()
        assert item.assignee == charlie

    def test_can_be_given_it_and_no_other(self, item, charlie, mara):
        post(mara, "reviews:assign", item.pk, to="", seen=charlie.pk)
        assert post(mara, "reviews:assign", item.pk, to="charlie", seen="").status_code == 302
        item.refresh_from_db()
        assert item.assignee == charlie
        assert post(mara, "reviews:assign", refund().pk, to="charlie", seen="").status_code == 422


class TestDeEscalate:
    def test_brings_it_down(self, mara):
        item = level(refund(), 2)
        post(mara, "reviews:de_escalate", item.pk, reason=WHY)
        item.refresh_from_db()
        assert item.level == 1

    def test_needs_a_reason(self, mara):
        answer = post(mara, "reviews:de_escalate", level(refund(), 2).pk, reason=" ")
        assert answer.status_code == 422
        assert "Say why" in text_of(answer)


class TestAssignChosen:
    def test_gives_all_of_them_to_one(self, alice, mara):
        items = many(3)
        post(mara, "reviews:assign_chosen", ids=[item.pk for item in items[:2]], to="alice")
        assert set(Intervention.objects.filter(assignee=alice)) == set(items[:2])

    def test_says_what_could_not_be_given(self, alice, mara):
        first, second = many(2)
        first.policy["not_by"] = ["requester"]
        first.save(update_fields=["policy"])
        first.run.started_by = alice
        first.run.save(update_fields=["started_by"])
        browser = Client()
        browser.force_login(mara)
        answer = browser.post(
            reverse("reviews:assign_chosen"), {"ids": [first.pk, second.pk], "to": "alice"}, follow=True
        )
        assert "alice has 1 more now. alice may not decide this item." in text_of(answer)

    @pytest.mark.parametrize("act", ["assigned", "claimed"])
    def test_leaves_alone_what_a_colleague_has_taken_meanwhile(self, alice, bob, mara, act):
        taken, free = many(2)
        seen = shown(mara)
        if act == "assigned":
            assignments.assign(taken.pk, to=bob, by=bob)
        else:
            interventions.claim(taken.pk, by=bob)

        browser = Client()
        browser.force_login(mara)
        data = {"ids": [taken.pk, free.pk], "seen": seen, "to": "alice"}
        answer = browser.post(reverse("reviews:assign_chosen"), data, follow=True)

        assert "alice has 1 more now." in text_of(answer) and "meanwhile" in text_of(answer)
        taken.refresh_from_db()
        assert (taken.assignee or taken.claimed_by) == bob

    @pytest.mark.parametrize("act", ["assigned", "claimed"])
    def test_moves_what_was_seen_with_a_colleague(self, alice, bob, mara, act):
        (taken,) = many(1)
        if act == "assigned":
            assignments.assign(taken.pk, to=bob, by=bob)
        else:
            interventions.claim(taken.pk, by=bob)
        post(mara, "reviews:assign_chosen", ids=[taken.pk], seen=shown(mara), to="alice")

        taken.refresh_from_db()
        assert (taken.assignee, taken.claimed_by) == (alice, None)

    def test_leaves_alone_what_it_does_not_say_where_it_was_seen(self, alice, bob, mara):
        item = assignments.assign(refund().pk, to=bob, by=bob)
        post(mara, "reviews:assign_chosen", ids=[item.pk], seen=["x", f"{item.pk}:y:", ""], to="alice")
        item.refresh_from_db()
        assert item.assignee == bob

    def test_takes_the_name_of_somebody_beyond_the_menu(self, alice, mara, monkeypatch):
        item = refund()
        assert 'name="other"' not in html_of(mara)
        monkeypatch.setattr(lanes, "MOST_PEOPLE", 1)
        assert 'name="other"' in html_of(mara) and "There may be more people" in html_of(mara)

        post(mara, "reviews:assign_chosen", ids=[item.pk], seen=shown(mara), to="", other="alice")

        item.refresh_from_db()
        assert item.assignee == alice

    @pytest.mark.parametrize("data", [{}, {"to": "alice"}, {"to": "alice", "ids": ["x"]}])
    def test_of_nothing_is_refused(self, alice, mara, data):
        assert post(mara, "reviews:assign_chosen", **data).status_code == 422


class TestShareOut:
    def test_shows_who_would_get_what_and_writes_nothing(self, alice, bob, mara):
        many(3)
        before = AuditEntry.objects.count()

        page = page_of(mara, "reviews:share_out")

        goes = [(item.title, person.username) for item, person in page.context["plan"].given]
        assert goes == [("Refund 0", "alice"), ("Refund 1", "bob"), ("Refund 2", "alice")]
        assert AuditEntry.objects.count() == before
        assert not Intervention.objects.filter(assignee__isnull=False).exists()

    def test_is_exactly_what_happens(self, alice, bob, mara):
        items = many(3)
        plan = page_of(mara, "reviews:share_out").context["plan"]

        answer = post(mara, "reviews:assign_evenly", ids=[item.pk for item in items], mark=plan.mark)

        assert answer.status_code == 302
        given = dict(Intervention.objects.values_list("title", "assignee__username"))
        assert given == {item.title: person.username for item, person in plan.given}

    def test_of_chosen_ones_leaves_the_others(self, alice, mara):
        first, second = many(2)
        plan = post(mara, "reviews:share_out", ids=[second.pk]).context["plan"]
        assert list(plan.items) == [second.pk]

    def test_of_a_changed_plan_is_refused_and_shown_anew(self, alice, bob, mara):
        items = many(3)
        mark = page_of(mara, "reviews:share_out").context["plan"].mark
        assignments.assign(items[0].pk, to=bob, by=mara)

        answer = post(mara, "reviews:assign_evenly", ids=[item.pk for item in items], mark=mark)

        assert answer.status_code == 409
        assert "Something changed since this was planned" in text_of(answer)
        assert Intervention.objects.filter(assignee__isnull=False).count() == 1

    def test_of_more_than_go_at_once_says_so_and_takes_the_first_due(self, alice, mara, monkeypatch):
        monkeypatch.setattr(evenly, "MOST", 2)
        many(3)
        page = page_of(mara, "reviews:share_out")
        assert [item.title for item, _person in page.context["plan"].given] == ["Refund 0", "Refund 1"]
        assert "There are more." in text_of(page)

        plan = page.context["plan"]
        post(mara, "reviews:assign_evenly", ids=list(plan.items), mark=plan.mark)
        page = page_of(mara, "reviews:share_out")
        assert [item.title for item, _person in page.context["plan"].given] == ["Refund 2"]
        assert "There are more." not in text_of(page)

    def test_says_so_where_there_are_more_seats_than_one_plan_looks_at(self, mara, alice, bob, monkeypatch):
        many(1)
        said = "These queues have more seats than one plan looks at."
        assert said not in text_of(page_of(mara, "reviews:share_out"))
        monkeypatch.setattr(evenly, "MOST_PEOPLE", 1)
        assert said in text_of(page_of(mara, "reviews:share_out"))

    def test_of_nothing_says_so(self, mara):
        assert "Nothing to share out" in text_of(page_of(mara, "reviews:share_out"))
        assert post(mara, "reviews:assign_evenly", mark="x").status_code == 409


class TestPlan:
    def test_gives_nothing_to_managers_while_reviewers_can(self, alice, mara):
        many(3)
        assert {person.username for _item, person in evenly.plan(mara).given} == {"alice"}

    def test_gives_managers_what_is_escalated_or_nobody_else_can_take(self, mara):
        refund()
        assert [person.username for _item, person in evenly.plan(mara).given] == ["mara"]

    def test_gives_nothing_to_who_is_away(self, alice, bob, mara):
        many(2)
        now = timezone.now()
        Absence.objects.create(user=alice, starts_at=now, ends_at=now + timedelta(1), set_by=alice, created_at=now)
        assert {person.username for _item, person in evenly.plan(mara).given} == {"bob"}

    def test_gives_nobody_what_their_rule_keeps_from_them(self, alice, bob, mara):
        item = refund(not_by=("requester",))
        item.run.started_by = alice
        item.run.save(update_fields=["started_by"])
        assert [person.username for _item, person in evenly.plan(mara).given] == ["bob"]

    def test_leaves_out_what_somebody_has(self, alice, bob, mara):
        first, second, third = many(3)
        interventions.claim(first.pk, by=alice)
        assignments.assign(second.pk, to=bob, by=mara)
        assert list(evenly.plan(mara).items) == [third.pk]

    def test_remembers_whose_turn_it_was(self, alice, bob, mara, queue):
        plan = evenly.plan(mara)
        (item,) = many(1)
        plan = evenly.plan(mara)
        evenly.assign_evenly([item.pk], mark=plan.mark, by=mara)
        queue.refresh_from_db()
        assert queue.last_picked == alice

    def test_costs_as_much_for_many_as_for_one(self, alice, bob, mara, django_assert_num_queries):
        many(1)
        with django_assert_num_queries(5):
            evenly.plan(mara)
        many(9)
        with django_assert_num_queries(5):
            evenly.plan(mara)


class TestNews:
    def test_tells_an_open_board_to_look_again(self, mara):
        item = refund()
        seq = AuditEntry.objects.count()
        assert board.news(mara, Look(), seq).html == ""
        level(item, 1)
        assignments.assign(item.pk, to=mara, by=mara)

        changes = board.news(mara, Look(queue="support"), seq)

        assert "/board/?queue=support" in changes.html and changes.seq > seq
        answer = page_of(mara, "reviews:board_delta", since=seq)
        assert (answer.status_code, "resync" in text_of(answer)) == (200, True)
        assert page_of(mara, "reviews:board_delta", since=changes.seq).status_code == 204

    def test_says_nothing_of_other_queues(self, mara):
        factories.card("lawyer", queue="legal")
        refund("Sign K-2231", on=factories.leased(factories.run(agent="lawyer")))
        assert board.news(mara, Look(), 0).html == ""


class TestLook:
    def test_is_written_as_it_is_read(self):
        look = Look(queue="legal", whose="bob", lane="1", after="x")
        assert look.link() == "?queue=legal&whose=bob&lane=1"
        assert look.link(after="x") == "?queue=legal&whose=bob&lane=1&after=x"
        assert Look().link() == ""
