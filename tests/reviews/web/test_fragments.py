"""What changed since a moment."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from reviews.actions import interventions, runs
from reviews.models import Event, Intervention
from reviews.web import fragments
from reviews.web.filters import Filter
from tests import factories
from tests.reviews import desk_data

pytestmark = pytest.mark.django_db
ALL = Filter()


@pytest.fixture
def refund(queue) -> Intervention:
    """A call that waits for approval."""
    return desk_data.refund()


class TestSince:
    def test_brings_a_new_row_with_its_place_in_the_list(self, alice, refund):
        found = fragments.since(alice, ALL, 0)

        row = re.search(r'<li id="row-([^"]*)" data-order="([^"]*)" hx-swap-oob="morph"', desk_data.text_of(found.html))
        assert row.group(1) == str(refund.pk)
        assert row.group(2).startswith(f"9-{refund.due_at:%Y%m%d%H%M%S}")
        assert found.seq == fragments.newest()

    def test_is_empty_after_the_newest(self, alice, refund):
        now_at = fragments.newest()

        assert fragments.since(alice, ALL, now_at) == fragments.Changes("", now_at)

    def test_repeats_and_never_loses(self, alice, refund):
        assert str(refund.pk) in fragments.since(alice, ALL, 0).html
        assert str(refund.pk) in fragments.since(alice, ALL, 0).html

    def test_takes_a_decided_row_away_and_tells_who_has_it_open(self, alice, bob, refund):
        before = fragments.newest()
        interventions.decide(refund.pk, by=bob, verdict="reject", note="no")

        html = desk_data.text_of(fragments.since(alice, ALL, before).html)

        assert f'<li id="row-{refund.pk}" hx-swap-oob="delete"></li>' in html
        assert f'id="notice-{refund.pk}" hx-swap-oob="true"' in html
        assert "bob rejected this" in html
        assert f'data-closes="decision-{refund.pk}"' in html

    def test_does_not_tell_people_what_they_did_themselves(self, alice, refund):
        before = fragments.newest()
        interventions.claim(refund.pk, by=alice)

        html = desk_data.text_of(fragments.since(alice, ALL, before).html)

        assert "notice-" not in html
        assert ">You</span>" in html

    def test_names_the_holder_to_others(self, alice, bob, refund):
        interventions.claim(refund.pk, by=alice)

        html = desk_data.text_of(fragments.since(bob, ALL, 0).html)

        assert ">alice</span>" in html

    def test_moves_a_row_out_of_a_tab_it_left(self, alice, refund):
        interventions.claim(refund.pk, by=alice)

        html = desk_data.text_of(fragments.since(alice, Filter(tab="unclaimed"), 0).html)

        assert f'<li id="row-{refund.pk}" hx-swap-oob="delete"></li>' in html

    def test_brings_the_counts_along(self, alice, refund):
        html = desk_data.text_of(fragments.since(alice, ALL, 0).html)

        assert 'id="nav-waiting" hx-swap-oob="true">1<' in html
        assert 'id="inbox-head" hx-swap-oob="morph"' in html

    def test_tells_that_a_stopped_run_withdrew_its_question(self, alice, bob, refund):
        before = fragments.newest()
        runs.stop(refund.run_id, by=bob)

        html = desk_data.text_of(fragments.since(alice, ALL, before).html)

        assert "withdrew this" in html
        assert 'hx-swap-oob="delete"' in html

    def test_is_silent_about_what_happens_between_questions(self, alice, refund):
        before = fragments.newest()
        factories.leased()

        found = fragments.since(alice, ALL, before)

        assert found.html == ""
        assert found.seq > before

    def test_tells_charlie_nothing(self, charlie, refund):
        assert fragments.since(charlie, ALL, 0).html == ""

    def test_asks_for_the_whole_list_after_too_much(self, alice, refund, monkeypatch):
        monkeypatch.setattr(fragments, "AT_ONCE", 2)
        desk_data.many(2)

        html = desk_data.text_of(fragments.since(alice, Filter(risk=("4",)), 0).html)

        assert 'id="resync"' in html
        assert 'hx-get="/?risk=4"' in html
        assert "row-" not in html

    def test_asks_the_database_as_often_for_many_as_for_one(self, alice, refund, django_assert_num_queries):
        fragments.since(alice, ALL, 0)
        with django_assert_num_queries(6):
            fragments.since(alice, ALL, 0)
        for item in desk_data.many(6):
            interventions.claim(item.pk, by=alice)

        with django_assert_num_queries(6):
            fragments.since(alice, ALL, 0)

    def test_renders_a_row_once_for_all_who_see_it_alike(self, alice, bob, refund):
        fragments.row.cache_clear()
        fragments.since(alice, ALL, 0)
        fragments.since(bob, ALL, 0)

        assert fragments.row.cache_info().misses == 1


class TestTally:
    def test_counts_what_is_due_soon(self, alice, refund):
        Intervention.objects.update(due_at=timezone.now() + timedelta(minutes=29))
        desk_data.refund()

        assert fragments.tally(fragments.waiting(alice), alice)["due_soon"] == 1

    def test_counts_each_tab(self, alice, bob, refund):
        interventions.claim(refund.pk, by=alice)
        interventions.claim(desk_data.refund().pk, by=bob)
        desk_data.refund()

        found = fragments.tally(fragments.waiting(alice), alice)

        assert (found["all"], found["mine"], found["unclaimed"], found["escalated"]) == (3, 1, 1, 0)


class TestNewest:
    def test_is_nought_before_anything_happened(self, db):
        assert fragments.newest() == 0

    def test_is_the_last_thing_that_happened(self, refund):
        assert fragments.newest() == Event.objects.latest("seq").seq
