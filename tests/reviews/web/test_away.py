"""Out of office: planned, shown and ended on its page."""

from datetime import timedelta

import pytest
from django.utils import timezone

from reviews.models import Absence, Membership
from tests import factories
from tests.reviews.desk_data import text_of
from tests.reviews.web.visits import page_of, post

pytestmark = pytest.mark.django_db


class TestAway:
    def when(self, days):
        return (timezone.localtime() + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")

    def test_is_planned_by_everybody_for_themselves(self, alice, bob):
        answer = post(
            alice, "reviews:plan_away", who="alice", starts_at=self.when(0), ends_at=self.when(2), delegate="bob"
        )
        assert answer.status_code == 302
        assert (Absence.objects.get().user, Absence.objects.get().delegate) == (alice, bob)
        assert "Away now" in text_of(page_of(alice, "reviews:away"))

    def test_is_planned_by_managers_for_their_people_and_by_nobody_else(self, alice, bob, mara):
        data = {"who": "alice", "starts_at": self.when(1), "ends_at": self.when(2)}
        assert post(bob, "reviews:plan_away", **data).status_code == 422
        assert post(mara, "reviews:plan_away", **data).status_code == 302
        assert Absence.objects.get().set_by == mara

    def test_shows_nobody_elses_to_a_reviewer(self, alice, bob, mara):
        post(bob, "reviews:plan_away", who="bob", starts_at=self.when(0), ends_at=self.when(2))
        assert "Call off" not in text_of(page_of(alice, "reviews:away"))
        assert list(page_of(alice, "reviews:away").context["absences"]) == []
        assert len(page_of(mara, "reviews:away").context["absences"]) == 1

    def test_says_what_is_wrong_beside_the_field(self, alice):
        answer = post(alice, "reviews:plan_away", who="alice", starts_at=self.when(2), ends_at=self.when(1))
        assert answer.status_code == 422
        assert "The end must lie after the start" in text_of(answer)

    def test_ends(self, alice, bob):
        post(alice, "reviews:plan_away", who="alice", starts_at=self.when(0), ends_at=self.when(2))
        absence = Absence.objects.get()
        assert post(bob, "reviews:come_back", absence=absence.pk).status_code == 403
        assert post(alice, "reviews:come_back", absence=absence.pk).status_code == 302
        absence.refresh_from_db()
        assert absence.ends_at <= timezone.now()
        assert post(alice, "reviews:come_back", absence="nonsense").status_code == 403

    def test_is_open_to_who_has_no_queue(self, charlie):
        assert page_of(charlie, "reviews:away").status_code == 200
        assert Membership.objects.filter(user=charlie).count() == 0

    def test_of_somebody_with_a_seat_elsewhere_is_seen_by_their_manager_and_ended_by_them(self, alice, mara):
        factories.seat(alice, factories.queue("legal"))
        data = {"who": "alice", "starts_at": self.when(0), "ends_at": self.when(2)}
        assert post(mara, "reviews:plan_away", **data).status_code == 422
        post(alice, "reviews:plan_away", **data)
        assert "Is back" in text_of(page_of(alice, "reviews:away"))
        page = page_of(mara, "reviews:away")
        assert len(page.context["absences"]) == 1 and "Is back" not in text_of(page)
