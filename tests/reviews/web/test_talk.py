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
    found = talk.so_far(Run.objects.get(pk=item.run_id), item)
    return [(entry.who, entry.what, entry.body) for entry in (found.request, *found.entries)]


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

    @pytest.mark.parametrize("most", [1, 2, 5, 12, 14, 50])
    def test_shows_the_newest_and_counts_the_others(self, alice, monkeypatch, most):
        run = factories.leased()
        gates.park(run, factories.state(), [factories.proposal(tool="wipe", ruling=Ruling.REFUSED)])
        first = desk_data.refund(on=run)
        interventions.decide(first.pk, by=alice, verdict="reject", note="No.")
        run = factories.leased(Run.objects.get(pk=run.pk))
        for number in range(5):
            called(run, f"tool-{number}", "done")
        item = desk_data.refund(on=run)
        lines = told(item)[1:]

        monkeypatch.setattr(talk, "MOST", most)

        assert len(lines) == 2 + 2 + 10, "a call refused, one rejected, and five that came back"
        assert told(item)[1:] == lines[-most:]
        assert talk.so_far(run, item).earlier == max(0, 14 - most)

    def test_counts_them_also_where_no_call_is_asked_about(self, queue, monkeypatch):
        monkeypatch.setattr(talk, "MOST", 2)
        run = factories.leased()
        for number in range(3):
            called(run, f"tool-{number}", "done")

        assert (
            talk.so_far(run, gates.ask_release(run, factories.state(), "Done.", desk_data.OUTPUT_SCHEMA)).earlier == 4
        )

    def test_reads_no_schema(self, queue, django_assert_num_queries):
        run = factories.leased()
        called(run, "lookup_order", "one grinder")
        item = desk_data.refund(on=run)

        with django_assert_num_queries(2) as queries:
            talk.so_far(run, item)

        assert not [query for query in queries if "schema" in query["sql"]]
