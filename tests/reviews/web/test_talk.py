"""The conversation so far."""

import pytest

from reviews.actions import gates, interventions, tool_calls
from reviews.models import Intervention, Run
from reviews.states import Ruling
from reviews.web import talk
from tests import factories
from tests.reviews import desk_data

pytestmark = pytest.mark.django_db


def told(item: Intervention) -> list[tuple[str, str, str]]:
    """Who did what, and what it said."""
    return [(entry.who, entry.what, entry.body) for entry in talk.so_far(Run.objects.get(pk=item.run_id), item)]


def called(run: Run, tool: str, output: str = "", *, error: str = "", **arguments: str) -> None:
    """A call that was let through and came back."""
    asked = factories.proposal(tool=tool, arguments=arguments, ruling=Ruling.LET_THROUGH)
    gates.park(run, factories.state(), [asked])
    factories.begin(run, asked.call_id)
    tool_calls.finish(run, asked.call_id, output, error=error)


class TestSoFar:
    def test_begins_with_what_was_asked(self, alice):
        run = factories.leased(factories.run(by=alice, input="Refund me."))

        assert told(desk_data.refund(on=run)) == [("alice", "asked", "Refund me.")]

    def test_names_the_system_where_nobody_started_it(self, queue):
        assert told(desk_data.refund())[0][0] == "The system"

    def test_shows_calls_and_what_came_back(self, queue):
        run = factories.leased()
        called(run, "lookup_order", "one grinder", order="O-1")

        assert told(desk_data.refund(on=run))[1:] == [
            ("Clerk", "called lookup_order", '{"order": "O-1"}'),
            ("lookup_order", "returned", "one grinder"),
        ]

    def test_shows_a_call_that_failed(self, queue):
        run = factories.leased()
        called(run, "lookup_order", "Try again later.", error="TimeoutError: no answer")

        assert told(desk_data.refund(on=run))[-1] == ("lookup_order", "failed", "TimeoutError: no answer")

    def test_shows_what_the_policy_refused(self, queue):
        run = factories.leased()
        gates.park(run, factories.state(), [factories.proposal(tool="wipe", ruling=Ruling.REFUSED)])

        assert ("The policy", "refused wipe", "amount is 4820, more than 200") in told(desk_data.refund(on=run))

    @pytest.mark.parametrize(
        ("said", "what", "body"),
        [
            ({"verdict": "approve"}, "approved issue_refund", ""),
            ({"verdict": "reject", "note": "Too much.", "reason": "fraud"}, "rejected issue_refund", "Too much."),
            ({"verdict": "override", "replacement": "By hand."}, "wrote the output of issue_refund", "By hand."),
            ({"verdict": "approve", "context": "Ask Anna."}, "approved issue_refund", "Ask Anna."),
        ],
    )
    def test_shows_what_people_decided_and_keeps_their_reasons(self, alice, bob, said, what, body):
        first = desk_data.refund()
        interventions.decide(first.pk, by=bob, **said)

        entries = told(desk_data.refund(on=factories.leased(Run.objects.get(pk=first.run_id))))

        assert ("bob", what, body) in entries

    def test_leaves_the_question_itself_out_while_it_is_open(self, alice):
        item = desk_data.refund()

        assert not [entry for entry in told(item) if "issue_refund" in entry[1]]

    def test_cuts_what_is_endless(self, queue):
        run = factories.leased()
        called(run, "read", "x" * 9000)

        body = told(desk_data.refund(on=run))[-1][2]

        assert len(body) < 5000
        assert body.endswith("(5,000 more characters)")
