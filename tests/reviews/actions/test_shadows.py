"""What the policies on trial would have said, written beside what was said."""

import json
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents_runtime.desk import RunDesk
from reviews.actions import review_policies, rulebook, shadows
from reviews.actions.shadows import Judged, Tally
from reviews.models import AuditEntry, Event, Intervention, ReviewPolicy, ShadowRuling, ToolCall
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

    def test_is_written_where_it_would_have_asked_more_lightly(self, mara):
        made = review_policies.draft("house", by=mara, body={"rules": [{"tool": "pay", "risk": "low"}], "position": 1})
        trial = review_policies.start_shadow(made.pk, by=mara)
        desk = RunDesk(factories.leased(), entry({"tool": "pay", "approvals": 2}), "player")

        desk.stop_at_gate(SNAPSHOT, [request("c1", tool="pay")])

        found = ShadowRuling.objects.get()
        assert (found.ruling, found.lighter) == ("asked", "approvals 2 → 1; risk medium → low")
        assert shadows.tally(trial) == shadows.tallies([trial])[trial.pk] == Tally(lighter=1)

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

    def test_is_nothing_where_the_same_would_be_asked_in_the_runs_own_queue(self, mara):
        run = factories.leased()
        rules = [{"tool": "pay", "queue": run.queue.slug}]
        review_policies.start_shadow(review_policies.draft("house", by=mara, body={"rules": rules}).pk, by=mara)

        RunDesk(run, entry({"tool": "pay"}), "player").stop_at_gate(SNAPSHOT, [request("c1", tool="pay")])

        assert not ShadowRuling.objects.exists()

    def test_is_written_once_where_a_gate_is_met_again(self, desk):
        calls = [request("c1", tool="note")]
        desk.stop_at_gate(SNAPSHOT, calls)
        desk.stop_at_gate(SNAPSHOT, calls)

        assert ShadowRuling.objects.count() == 1


class TestJudged:
    def test_counts_the_calls_of_its_agents_since_its_trial_began(self, desk, trial, mara):
        other = review_policies.draft("others", by=mara, body={"agent": "somebody-else"})
        review_policies.start_shadow(other.pk, by=mara)
        desk.stop_at_gate(SNAPSHOT, [request("c1", tool="note"), request("c2", tool="pay")])

        found = shadows.judged(ReviewPolicy.objects.filter(status="shadow"))

        assert found == {trial.pk: Judged(2), other.pk: Judged(0)}

    def test_counts_none_before_or_after_it(self, desk, trial):
        desk.stop_at_gate(SNAPSHOT, [request("c1", tool="note")])
        later = timezone.now()
        for moments in ({"shadowed_at": later}, {"activated_at": trial.shadowed_at}):
            changed = replace_moments(trial, **moments)
            assert shadows.judged([changed]) == {trial.pk: Judged(0)}

    def test_says_where_it_has_not_looked_at_every_call(self, desk, trial, monkeypatch):
        monkeypatch.setattr(shadows, "NEWEST", 1)
        desk.stop_at_gate(SNAPSHOT, [request("c1", tool="note"), request("c2", tool="pay")])

        assert shadows.judged([trial]) == {trial.pk: Judged(1, all_seen=False)}

    def test_costs_one_statement_or_none(self, trial, django_assert_num_queries):
        with django_assert_num_queries(1):
            shadows.judged([trial, trial])
        with django_assert_num_queries(0):
            shadows.judged([])


def replace_moments(policy, **moments):
    found = ReviewPolicy.objects.get(pk=policy.pk)
    for name, at in moments.items():
        setattr(found, name, at)
    return found


class TestPrune:
    def test_removes_the_oldest_a_round_at_a_time_and_tells_the_book(self, db, monkeypatch):
        monkeypatch.setattr(shadows, "ROUND", 2)
        now = timezone.now()
        for days in (40, 35, 31, 2):
            factories.shadow_ruling(now - timedelta(days=days))

        assert [shadows.prune(days=30) for _ in range(3)] == [2, 1, 0]
        assert [now - row.at for row in ShadowRuling.objects.all()] == [timedelta(days=2)]
        told = [json.loads(entry.data) for entry in AuditEntry.objects.filter(action="shadow_rulings.pruned")]
        assert [(one["rulings"], one["days"]) for one in told] == [(2, 30), (1, 30)]

    def test_reads_one_short_list_where_nothing_is_old(self, db, django_assert_num_queries):
        factories.shadow_ruling(timezone.now())
        with django_assert_num_queries(3):  # with the savepoint around it
            assert shadows.prune(days=30) == 0

    def test_is_no_way_to_lose_calls(self, db):
        ruling = factories.shadow_ruling(timezone.now() - timedelta(days=40))
        shadows.prune(days=30)
        assert ToolCall.objects.filter(pk=ruling.tool_call_id).exists()
