"""What the policies on trial would have said, written beside what was said."""

import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents_runtime.desk import RunDesk
from reviews.actions import review_policies, rulebook, shadows
from reviews.actions.shadows import Tally
from reviews.models import Event, Intervention, ShadowRuling
from reviews.policies import Case
from tests import factories
from tests.agents_runtime.test_desk import SNAPSHOT, entry, request


@pytest.fixture
def trial(mara):
    """A policy in shadow: it would ask about notes and refuse wires."""
    rules = [{"tool": "note", "name": "Notes"}, {"tool": "wire", "ruling": "refuse"}]
    made = review_policies.draft("house", by=mara, body={"rules": rules, "position": 1})
    return review_policies.start_shadow(made.pk, by=mara)


@pytest.fixture
def desk(trial):
    return RunDesk(factories.leased(), entry({"tool": "pay"}, {"tool": "wire"}), "player")


class TestAtTheGate:
    def test_is_written_only_where_it_would_have_changed_something(self, desk, trial):
        desk.stop_at_gate(SNAPSHOT, [request("c1", tool="note"), request("c2", tool="pay"), request("c3", tool="wire")])

        found = ShadowRuling.objects.order_by("tool_call__call_id")
        assert list(found.values_list("tool_call__call_id", "ruling", "rule")) == [
            ("c1", "asked", "Notes"),
            ("c3", "refused", "wire always"),
        ]
        assert shadows.tally(trial) == Tally(asked=1, let_through=0, refused=1)

    def test_has_no_effect(self, desk):
        assert desk.stop_at_gate(SNAPSHOT, [request("c1", tool="note")]) is False

        assert not Intervention.objects.exists()
        assert not Event.objects.filter(kind__startswith="policy").exists()

    def test_costs_one_statement_at_most_and_none_where_it_agrees(self, desk):
        desk.stop_at_gate(SNAPSHOT, [request("c0", tool="lookup")])

        costs = {}
        for tool, call_id in (("lookup", "c1"), ("note", "c2")):
            with CaptureQueriesContext(connection) as made:
                desk.stop_at_gate(SNAPSHOT, [request(call_id, tool=tool)])
            costs[tool] = len(made)

        more = 0 if connection.vendor == "postgresql" else 1  # which stores it with the gate, in one statement
        assert costs["note"] == costs["lookup"] + more

    def test_stands_in_for_the_version_in_force_of_the_same_policy(self, mara, admin):
        made = review_policies.draft("house", by=mara, body={"rules": [{"tool": "note"}]})
        review_policies.activate(made.pk, by=admin)
        trial = review_policies.draft("house", by=mara, body={"rules": []})
        review_policies.start_shadow(trial.pk, by=mara)

        RunDesk(factories.leased(), entry(), "player").stop_at_gate(SNAPSHOT, [request("c1", tool="note")])

        assert shadows.tally(trial) == Tally(asked=0, let_through=1, refused=0)

    def test_takes_no_longer_for_several_than_one_judgement_may(self, mara):
        slow = {"tool": "pay", "ruling": "refuse", "when": "note matches ^(a|aa)+$"}
        for number in range(6):
            made = review_policies.draft(f"house-{number}", by=mara, body={"rules": [slow] * 5})
            review_policies.start_shadow(made.pk, by=mara)
        book, asked = rulebook.current(), Case("pay", "Clerk", {"note": "a" * 60 + "b"})
        said = book.judge(asked, agent="clerk", author_asks=False)
        began = time.monotonic()

        assert len(book.shadows(asked, said, agent="clerk", author_asks=False)) < 4
        assert time.monotonic() - began < 1  # each of the six would have 0.25 s for itself

    def test_is_written_once_where_a_gate_is_met_again(self, desk):
        calls = [request("c1", tool="note")]
        desk.stop_at_gate(SNAPSHOT, calls)
        desk.stop_at_gate(SNAPSHOT, calls)

        assert ShadowRuling.objects.count() == 1
