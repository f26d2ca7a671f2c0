"""What reviewers of a fork are shown of the run it comes from: what already ran there, and the copied conversation."""

import pytest

from reviews.actions import forks, gates, interventions, tool_calls
from reviews.models import Intervention, Run
from reviews.states import Ruling, Verdict
from reviews.web import talk
from tests import factories
from tests.reviews import desk_data
from tests.reviews.desk_data import text_of
from tests.reviews.web.visits import page_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(alice):
    """A run that looked something up, was asked about a refund, and paid it."""
    run = factories.leased(factories.run(by=alice, input="Refund me."))
    look = factories.proposal(tool="lookup_order", arguments={"order": "O-1"}, ruling=Ruling.LET_THROUGH)
    gates.park(run, factories.state(), [look])
    factories.begin(run, look.call_id)
    tool_calls.finish(run, look.call_id, "one grinder")
    refund = factories.question(run)
    interventions.decide(refund.pk, by=alice, verdict=Verdict.APPROVE)
    run = factories.leased(run, worker="worker-2")
    factories.begin(run, refund.tool_call.call_id)
    tool_calls.finish(run, refund.tool_call.call_id, "Receipt RF-1")
    return run


def asked_again(source, person, **changes) -> Intervention:
    """The question of a fork from the newest checkpoint."""
    again = factories.leased(forks.fork(source.checkpoints.latest("number").pk, by=person))
    asked = factories.proposal(**changes)
    gates.park(again, factories.state("again"), [asked])
    return again.interventions.get()


class TestBanner:
    def test_says_where_the_same_already_ran_and_what_came_back(self, source, bob):
        page = text_of(page_of(bob, "reviews:intervention", asked_again(source, bob).pk))

        banner = page[page.index('id="already-ran"') : page.index("once more, under an idempotency key of its own")]
        assert "This already ran in" in banner and f'href="/runs/{source.pk}/"' in banner
        assert "Receipt RF-1" in banner

    def test_names_who_wrote_the_output_where_a_person_did(self, alice):
        unknown = desk_data.unknown()
        interventions.decide(unknown.pk, by=alice, verdict=Verdict.OVERRIDE, replacement="Paid by phone.")

        page = text_of(page_of(alice, "reviews:intervention", asked_again(unknown.run, alice).pk))

        assert "This was taken as done in" in page
        assert "output, written by alice" in page

    def test_shows_the_values_of_the_same_call_where_they_were_others(self, alice):
        refund = factories.question()
        cheaper = {"customer_id": "C-88213", "amount": 48.2}
        interventions.decide(refund.pk, by=alice, verdict=Verdict.EDIT, replacement=cheaper)
        factories.begin(factories.leased(refund.run), refund.tool_call.call_id)
        item = asked_again(refund.run, alice, call_id=refund.tool_call.call_id)

        page = text_of(page_of(alice, "reviews:intervention", item.pk))

        assert "The same call has already begun in" in page
        assert "<dt>with other values</dt>" in page and "48.2" in page

    def test_is_not_there_for_something_else(self, source, bob):
        item = asked_again(source, bob, arguments={"customer_id": "C-1", "amount": 1.0})

        assert "already-ran" not in text_of(page_of(bob, "reviews:intervention", item.pk))


class TestTalk:
    def test_marks_what_was_copied_and_runs_forwards_in_time(self, source, bob):
        item = asked_again(source, bob)
        found = talk.so_far(Run.objects.get(pk=item.run_id), item)

        told = [(entry.who, entry.what, entry.is_copied) for entry in (found.request, *found.entries)]
        assert told == [
            ("alice", "asked", True),
            ("Clerk", "called lookup_order", True),
            ("lookup_order", "returned", True),
            ("bob", f"ran it again from checkpoint 2 of run {str(source.pk)[:8]}", False),
        ]
        moments = [found.request.at, *(entry.at for entry in found.entries)]
        assert moments == sorted(moments)

    def test_marks_nothing_in_a_run_of_its_own(self, source, bob):
        item = source.interventions.get()

        page = text_of(page_of(bob, "reviews:intervention", item.pk))

        assert "copied</span>" not in page
