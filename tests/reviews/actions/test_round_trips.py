"""Few round trips: what one question costs the database, from the worker that asks to the worker that goes on."""

from contextlib import contextmanager

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reviews.actions import gates, interventions, leases, tool_calls
from reviews.states import Ruling, Verdict
from tests import factories

FRAMES = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK")


@contextmanager
def statements(most):
    """At most so many statements, not counting the frames of transactions, which the test itself doubles."""
    with CaptureQueriesContext(connection) as made:
        yield
    sent = [query["sql"] for query in made if not query["sql"].startswith(FRAMES)]
    assert len(sent) <= most, "\n".join(sent)


class TestOneQuestion:
    def test_is_asked_in_few_statements(self, run):
        with statements(most=11):
            gates.park(run, factories.state(), [factories.proposal()])

    def test_is_decided_in_few_statements(self, refund, alice):
        with statements(most=14):
            interventions.decide(refund.pk, by=alice, verdict=Verdict.APPROVE)

    def test_is_taken_up_again_in_few_statements(self, refund, alice):
        interventions.decide(refund.pk, by=alice, verdict=Verdict.APPROVE)
        with statements(most=6):
            leases.take(refund.run_id, worker="w")


class TestOneCall:
    @pytest.fixture
    def passed(self, run):
        gates.park(run, factories.state(), [factories.proposal(call_id="c1", ruling=Ruling.LET_THROUGH)])

    def test_begins_in_three_statements(self, run, passed):
        with statements(most=3):
            factories.begin(run, "c1")

    def test_comes_back_in_few_statements(self, run, passed):
        factories.begin(run, "c1")
        with statements(most=7):
            tool_calls.finish(run, "c1", "ok")
