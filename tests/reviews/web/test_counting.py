"""The counts of all open inboxes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from reviews import access
from reviews.access import Sight
from reviews.actions import assignments, interventions
from reviews.actors import POLICY
from reviews.models import Intervention
from reviews.web import counting, fragments, visible
from reviews.web.filters import Filter
from reviews.web.view import View
from tests.reviews import desk_data

pytestmark = pytest.mark.django_db

FILTERS = [
    Filter(),
    Filter(tab="mine"),
    Filter(tab="assigned"),
    Filter(tab="snoozed"),
    Filter(tab="escalated"),
    Filter(risk=("3",)),
    Filter(queue=("support",), agent=("other",)),
    Filter(tool=("nothing",)),
    Filter(q="Refund"),
]


@pytest.fixture
def desk(queue, alice, bob) -> None:
    """Questions of many sorts."""
    items = [desk_data.refund(risk=risk) for risk in (1, 3, 3)]
    interventions.claim(items[0].pk, by=alice)
    interventions.claim(items[1].pk, by=bob)
    Intervention.objects.filter(pk=items[2].pk).update(
        level=1, agent="other", due_at=timezone.now() + timedelta(minutes=5)
    )
    given, aside = desk_data.refund(), desk_data.refund()
    Intervention.objects.filter(pk=given.pk).update(assignee=alice)
    Intervention.objects.filter(pk=aside.pk).update(
        assignee=bob, snoozed_until=timezone.now() + timedelta(hours=1), due_at=timezone.now() + timedelta(minutes=5)
    )


class TestCounted:
    @pytest.mark.parametrize("chosen", FILTERS)
    def test_agree_with_those_of_the_page(self, desk, alice, bob, chosen):
        views = {View(person.pk, person.get_username(), chosen): person for person in (alice, bob)}
        sights = access.sights({alice.pk, bob.pk})

        told = counting.counted({view: sights[view.person] for view in views})

        assert told == {view: visible.shown(fragments.counts(person, chosen)) for view, person in views.items()}

    def test_agree_for_who_reads_everything(self, desk, charlie):
        charlie.is_superuser = True
        charlie.save()
        view = View(charlie.pk, "charlie", Filter())

        assert counting.counted({view: Sight(None)}) == {view: fragments.counts(charlie, Filter())}

    @pytest.mark.parametrize("chosen", FILTERS)
    def test_agree_for_who_was_called_in_to_a_single_one(self, desk, charlie, chosen):
        assignments.raise_level(Intervention.objects.order_by("pk")[0], 1, [charlie], POLICY)
        view = View(charlie.pk, "charlie", chosen)

        told = counting.counted({view: access.sights({charlie.pk})[charlie.pk]})

        assert told == {view: visible.shown(fragments.counts(charlie, chosen))}
        assert "nav-queue" not in told[view]

    def test_count_nothing_for_charlie(self, desk, charlie):
        view = View(charlie.pk, "charlie", Filter())

        html = counting.counted({view: Sight()})[view]

        assert "0 waiting" in html
        assert "nav-queue" not in html

    def test_ask_the_database_as_often_for_many_as_for_one(self, desk, alice, bob, django_assert_num_queries):
        sights = access.sights({alice.pk, bob.pk})
        views = {View(pk, str(pk), Filter(tab=tab)): sight for pk, sight in sights.items() for tab in ("all", "mine")}

        with django_assert_num_queries(2):
            counting.counted(views)
