"""Few round trips: what one question costs the database, from the worker that asks to the worker that goes on."""

from contextlib import contextmanager

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reviews.actions import gates, interventions, leases, review_policies, rulebook, runs, surroundings, tool_calls
from reviews.actions.checkpoints import SavedState, Shelf
from reviews.states import Ruling, Verdict
from tests import factories
from tests.reviews.actions.votes import in_force

FRAMES = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK")


BOOK = 1 if connection.vendor == "postgresql" else 4
"""What one writing of the book costs: PostgreSQL makes the digests itself."""
CHANGE = 1 if connection.vendor == "postgresql" else 1 + BOOK
"""What a guarded change costs that is recorded with it."""


def judging():
    """The token of the policies in force, of which there has to be one."""
    review_policies.touch()
    return rulebook.current().token


@contextmanager
def statements(most):
    """At most so many statements, not counting the frames of transactions, which the test itself doubles."""
    with CaptureQueriesContext(connection) as made:
        yield
    sent = [query["sql"] for query in made if not query["sql"].startswith(FRAMES)]
    assert len(sent) <= most, "\n".join(sent)


class TestOneRun:
    def test_is_stored_in_one_statement_once_the_process_knows_its_queue(self, alice):
        factories.card()
        runs.submit(factories.AGENT, "Refund order 1001.", by=alice)
        with statements(most=CHANGE if connection.vendor == "postgresql" else 2 + BOOK):
            runs.submit(factories.AGENT, "Refund order 1002.", by=alice)


class TestOneQuestion:
    def test_is_asked_in_few_statements(self, run):
        with statements(most=1 + CHANGE if connection.vendor == "postgresql" else 6 + BOOK):
            gates.park(run, SavedState("{}", "", "", shelf=Shelf(is_filled=True)), [factories.proposal()])

    def test_is_asked_in_one_statement_less_once_the_process_knows_what_it_depends_on(self, run, monkeypatch):
        monkeypatch.setattr(surroundings, "_known", {})
        rows, token = SavedState("{}", "", "", shelf=Shelf(is_filled=True)), judging()
        gates.park(factories.leased(), factories.state(), [factories.proposal()], token=token)
        with statements(most=CHANGE if connection.vendor == "postgresql" else 5 + BOOK):
            gates.park(run, rows, [factories.proposal()], token=token)

    def test_that_is_none_passes_its_gate_in_few_statements(self, run):
        passing = factories.proposal(ruling=Ruling.LET_THROUGH)
        with statements(most=CHANGE if connection.vendor == "postgresql" else 3 + BOOK):
            gates.park(run, SavedState("{}", "", "", shelf=Shelf(is_filled=True)), [passing])

    def test_is_decided_in_few_statements(self, refund, alice):
        with statements(most=3 if connection.vendor == "postgresql" else 8 + BOOK):
            interventions.decide(refund.pk, by=alice, verdict=Verdict.APPROVE)

    def test_is_edited_for_one_statement_more_which_asks_whether_the_rules_have_changed(self, refund, alice):
        in_force({"tool": "pay"})
        rulebook.current()
        with statements(most=4 if connection.vendor == "postgresql" else 9 + BOOK):
            edited = {**refund.proposal, "amount": 100}
            interventions.decide(refund.pk, by=alice, verdict=Verdict.EDIT, replacement=edited)

    def test_is_taken_up_again_in_few_statements(self, refund, alice):
        interventions.decide(refund.pk, by=alice, verdict=Verdict.APPROVE)
        with statements(most=CHANGE):
            leases.take(refund.run_id, worker="w")


class TestOneCall:
    @pytest.fixture
    def passed(self, run):
        gates.park(run, factories.state(), [factories.proposal(call_id="c1", ruling=Ruling.LET_THROUGH)])
        return run.tool_calls.get()

    def test_begins_in_one_statement(self, run, passed):
        with statements(most=1):
            tool_calls.begin(run, "c1", passed.tool)

    def test_comes_back_in_few_statements(self, run, passed):
        begun = factories.begin(run, "c1")
        with statements(most=CHANGE):
            tool_calls.finish(run, "c1", "ok", begun=begun)


class TestTheEnd:
    def test_is_written_in_few_statements(self, run):
        with statements(most=CHANGE):
            gates.complete(run, "done", usage={})
