"""Being called in gives no right that outlives the seat by which somebody was called."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from reviews import access
from reviews.actions import assignments, eligibility, gates, runs
from reviews.actors import TIMEOUT
from reviews.models import CallIn, Intervention, Membership, Run
from tests import factories
from tests.reviews.actions.votes import asked, vote


def anew(person):
    """Their account, without what was remembered with it."""
    return User.objects.get(pk=person.pk)


def sees(person, item):
    return access.visible_interventions(anew(person)).filter(pk=item.pk).exists()


@pytest.fixture
def item(queue, alice, mara):
    """A question to which its manager was called in."""
    made = asked(1)
    assignments.escalate(made.pk, by=alice, reason="help")
    return made


def lose(person):
    """Their seats and roles."""
    Membership.objects.filter(user=person).delete()
    person.groups.clear()


class TestWhoHadASeat:
    def test_loses_the_question_with_it(self, item, mara):
        assert sees(mara, item)
        lose(mara)

        assert not sees(mara, item) and not access.can_work_on(anew(mara), item)
        assert not Intervention.objects.filter(access.works_on(anew(mara)), pk=item.pk).exists()
        assert mara not in eligibility.electorate(item)
        assert not access.sights([mara.pk])[mara.pk].questions
        with pytest.raises(PermissionDenied):
            vote(item, anew(mara))

    def test_reads_nothing_of_it_once_it_is_closed(self, item, mara):
        vote(item, mara)
        lose(mara)
        assert not sees(mara, item)

    def test_is_not_called_in_twice(self, item, mara):
        item.refresh_from_db()
        assert not assignments.raise_level(item, item.level, [mara], TIMEOUT)

    def test_may_be_called_in_by_name_without_it(self, item, mara):
        lose(mara)
        item.refresh_from_db()
        (act,) = assignments.raise_level(item, item.level, [mara], TIMEOUT)

        assert act.data["called_in"] == ["mara"] and sees(mara, item)
        assert CallIn.objects.get(user=mara).by_seat is False

    def test_gains_none_by_the_question_what_became_of_the_call(self, item, mara, alice):
        vote(item, alice)
        run = factories.leased(item.run)
        gates.ask_outcome(run, [factories.begin(run, item.tool_call.call_id)])
        unknown = run.interventions.get(kind="unknown_outcome")
        lose(mara)
        assert not sees(mara, unknown) and not access.can_work_on(anew(mara), unknown)


class TestWhoHadNone:
    @pytest.fixture
    def called(self, item, charlie):
        item.refresh_from_db()
        assignments.raise_level(item, 2, [charlie], TIMEOUT)
        return item

    def test_sees_and_decides_it_and_reads_what_came_of_it_for_a_while(self, called, charlie):
        vote(called, charlie)
        assert called.outcome == "approved" and sees(charlie, called)

    def test_reads_for_a_while_that_it_was_cancelled(self, called, alice, charlie):
        runs.stop(called.run_id, by=alice)
        assert sees(charlie, called)

        Run.objects.filter(pk=called.run_id).update(finished_at=timezone.now() - access.AFTERWARDS)
        assert not sees(charlie, called)

    def test_reads_no_longer_than_that_what_was_decided(self, called, charlie):
        vote(called, charlie)
        before = called.decided_at - access.AFTERWARDS - timedelta(seconds=1)
        Intervention.objects.filter(pk=called.pk).update(decided_at=before)
        assert not sees(charlie, called)
