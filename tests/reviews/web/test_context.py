"""What the frame around every page shows."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from reviews.actions import interventions
from reviews.web import context
from tests import factories
from tests.reviews import desk_data
from tests.reviews.desk_data import text_of
from tests.reviews.web.visits import page_of

pytestmark = pytest.mark.django_db


class TestDesk:
    def test_counts_what_waits_in_each_queue_with_one_query(self, alice, django_assert_num_queries):
        desk_data.many(2)
        decided = desk_data.refund()
        interventions.decide(decided.pk, by=alice, verdict="approve")
        factories.queue("legal")
        desk = context.Desk(alice)

        with django_assert_num_queries(2):  # the roles, and the queues
            assert [(queue.slug, queue.waiting) for queue in desk.queues] == [("support", 2)]
            assert desk.waiting == 2
            assert desk.can_start

    def test_costs_nothing_when_it_is_not_asked(self, alice, django_assert_num_queries):
        request = RequestFactory().get("/")
        request.user = alice

        with django_assert_num_queries(0):
            assert "desk" in context.desk(request)

    def test_is_not_there_for_strangers(self):
        request = RequestFactory().get("/")
        assert context.desk(request) == {}

        request.user = AnonymousUser()
        assert context.desk(request) == {}

    def test_shows_charlie_no_queue(self, charlie):
        desk = context.Desk(charlie)

        assert (desk.queues, desk.waiting, desk.can_start, desk.sees_audit) == ([], 0, False, False)

    def test_lets_auditors_see_all_and_start_nothing(self, otto):
        desk_data.refund()
        desk = context.Desk(otto)

        assert (desk.waiting, desk.can_start, desk.sees_audit) == (1, False, True)

    def test_lets_admins_start(self, admin):
        assert context.Desk(admin).can_start

    @pytest.mark.parametrize(
        ("name", "listed"),
        [
            ("alice", "Inbox, runs, start"),
            ("mara", "Inbox, board, runs, start, policies"),
            ("otto", "Inbox, runs, policies, audit log"),
            ("charlie", "Inbox, runs"),
        ],
    )
    def test_lists_no_key_to_a_page_that_is_not_open_to_them(self, request, name, listed):
        sheet = text_of(page_of(request.getfixturevalue(name), "reviews:inbox"))

        assert f"<dt>{listed}</dt>" in sheet
        assert ("<kbd>a</kbd> </dd> </dl>" in sheet) == ("audit" in listed)
        pages = sheet.rpartition("<kbd>g</kbd> then")[2]
        assert ("<kbd>s</kbd>" in pages) == ("start" in listed)
        assert ("<kbd>b</kbd>" in pages) == ("board" in listed)

    def test_waits_for_two_signs_of_life_before_it_gives_a_socket_up(self, alice, settings):
        settings.FOUREYES_LIVE_TICK = 20

        assert context.Desk(alice).live_silence == 45_000
