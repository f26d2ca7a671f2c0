"""Trying another verdict: what may be tried by whom, what the dry run starts with, and what it leaves alone."""

import json

import pytest
from django.core.exceptions import PermissionDenied

from reviews.actions import Conflict, Invalid, forks, gates, interventions, leases, runs, tool_calls, trials
from reviews.models import AuditEntry, Decision, Intervention, Run, Trial
from reviews.states import Kind, Ruling, RunStatus, ToolCallStatus, Verdict
from tests import factories
from tests.factories import ARGUMENTS, proposal, state
from tests.reviews import desk_data
from tests.reviews.actions.conftest import book, ledger

CHEAPER = {**ARGUMENTS, "amount": 99.0}


@pytest.fixture
def gate(run, alice):
    """Two questions and a passed call at one gate; the first approved, the second rejected; the approved calls ran."""
    calls = [
        proposal(call_id="c1"),
        proposal(call_id="c2", tool="write"),
        proposal(call_id="c3", tool="look", ruling=Ruling.LET_THROUGH),
        proposal(call_id="c4", tool="never", ruling=Ruling.REFUSED),
    ]
    gates.park(run, state('{"state": 1}'), calls)
    first, second = run.interventions.order_by("tool_call__call_id")
    interventions.decide(first.pk, by=alice, verdict=Verdict.APPROVE, note="Quickly.")
    interventions.decide(second.pk, by=alice, verdict=Verdict.REJECT, note="No letters.")
    owner = leases.take(run.pk, worker="w")
    for call_id, tool in (("c1", "issue_refund"), ("c3", "look")):
        tool_calls.begin(owner, call_id, tool)
        tool_calls.finish(owner, call_id, f"{call_id} came back")
    gates.complete(owner, "The end.", usage={})
    return first, second


def attempt(question, by, verdict="reject", **said):
    return trials.try_verdict(question.pk, by=by, verdict=verdict, **said)


def outputs(run):
    return dict(run.tool_calls.values_list("call_id", "output"))


class TestTryVerdict:
    def test_makes_a_dry_run_that_names_its_origin(self, gate, alice):
        run = attempt(gate[0], alice)

        assert (run.dry_run, run.fork_of, run.status) == (True, gate[0].run, RunStatus.QUEUED)
        assert run.checkpoints.get().unpack() == '{"state": 1}'

    def test_gives_the_other_calls_of_the_gate_what_they_got(self, gate, alice):
        run = attempt(gate[0], alice, note="Not now.")

        assert ledger(run) == {"c1": "refused", "c2": "refused", "c3": "supplied", "c4": "refused"}
        told = outputs(run)
        assert told["c1"].endswith("Feedback: Not now.") and told["c2"].endswith("Feedback: No letters.")
        assert told["c3"] == "c3 came back"
        assert told["c4"].startswith("Refused by policy")

    def test_leaves_no_call_that_could_run(self, gate, alice):
        for verdict, said in [("approve", {}), ("edit", {"replacement": CHEAPER}), ("override", {"replacement": "x"})]:
            run = attempt(gate[0], alice, verdict, **said)
            assert set(ledger(run).values()) <= {ToolCallStatus.SUPPLIED, ToolCallStatus.REFUSED}

    def test_hands_out_recorded_outputs_only_to_the_arguments_they_belong_to(self, gate, alice):
        assert outputs(attempt(gate[0], alice, "approve"))["c1"] == "c1 came back"
        assert outputs(attempt(gate[0], alice, "edit", replacement=CHEAPER))["c1"] == trials.refusal("issue_refund")

    def test_refuses_an_approved_call_that_never_ran(self, gate, alice):
        assert outputs(attempt(gate[1], alice, "approve"))["c2"] == trials.refusal("write")

    def test_refuses_a_call_nobody_had_decided_about(self, run, alice):
        gates.park(run, state(), [proposal(call_id="c1"), proposal(call_id="c2")])
        first = run.interventions.get(tool_call__call_id="c1")
        interventions.decide(first.pk, by=alice, verdict=Verdict.APPROVE)

        assert "nobody had decided" in outputs(attempt(first, alice, "reject"))["c2"]

    def test_puts_the_tried_words_in_the_place_of_the_real_ones(self, gate, alice):
        run = attempt(gate[0], alice, note="As tried.")

        assert [said.note for said in trials.said_at_the_start(run)] == ["As tried.", "No letters."]

    def test_is_nobodys_decision_and_no_question(self, gate, alice, bob):
        before = Decision.objects.count(), Intervention.objects.count()

        attempt(gate[0], bob)

        assert (Decision.objects.count(), Intervention.objects.count()) == before
        gate[0].refresh_from_db()
        assert gate[0].outcome == "approved"
        assert Trial.objects.get().tried_by == bob

    def test_is_marked_as_a_trial_in_the_book(self, gate, bob):
        run = attempt(gate[0], bob, note="Not now.")

        entry = AuditEntry.objects.last()
        data = json.loads(entry.data)
        assert (entry.action, entry.actor, entry.run) == ("run.tried", "bob", str(run.pk))
        assert (data["trial"], data["decided"], data["verdict"], data["note"]) == (
            True,
            "approved",
            "reject",
            "Not now.",
        )
        assert data["intervention"] == str(gate[0].pk)

    def test_marks_what_comes_of_it_in_the_book_too(self, gate, alice):
        run = leases.take(attempt(gate[0], alice).pk, worker="w")
        gates.park(run, state(), [proposal(ruling=Ruling.REFUSED)])
        gates.complete(run, "Otherwise.", usage={})

        lines = AuditEntry.objects.filter(run=str(run.pk), action__in=["run.checkpoint_saved", "run.completed"])
        assert [json.loads(line.data)["dry_run"] for line in lines] == [True, True]

    def test_heeds_what_a_verdict_must_carry(self, gate, alice):
        with pytest.raises(Invalid) as refusal:
            attempt(gate[0], alice, "edit", replacement={"amount": "much"})
        assert "replacement" in refusal.value.errors
        with pytest.raises(Invalid):
            attempt(gate[0], alice, "answer", replacement="x")
        assert not Run.objects.filter(dry_run=True).exists()

    def test_asks_for_no_reason_where_the_rule_does(self, run, alice):
        question = factories.question(run, judgement={"reason_required": True})
        interventions.decide(question.pk, by=alice, verdict=Verdict.APPROVE, reason="Because.")

        assert attempt(question, alice).dry_run


class TestRefusal:
    def test_of_an_open_question(self, refund, alice):
        with pytest.raises(Conflict, match="Only a decided item"):
            attempt(refund, alice)

    def test_of_a_question_of_fact(self, alice):
        asked = desk_data.unknown()
        interventions.decide(asked.pk, by=alice, verdict=Verdict.OVERRIDE, replacement="It went out.")

        with pytest.raises(Conflict, match="is a fact"):
            attempt(asked, alice, "approve")

    def test_of_an_agent_with_tools_nothing_can_stop(self, gate, alice):
        factories.card(ungated=("computer",))

        with pytest.raises(Conflict, match="Nothing can stop computer"):
            attempt(gate[0], alice)

    def test_of_another_version(self, gate, alice):
        factories.card(version="2")

        with pytest.raises(Conflict, match="version 2"):
            attempt(gate[0], alice)

    @pytest.mark.parametrize("somebody", ["charlie", "otto"])
    def test_of_who_may_not_operate_the_run(self, gate, somebody, request):
        with pytest.raises(PermissionDenied):
            attempt(gate[0], request.getfixturevalue(somebody))

        assert "run.tried" not in book()


class TestDryRun:
    @pytest.fixture
    def dry(self, gate, alice):
        return leases.take(attempt(gate[0], alice).pk, worker="w")

    def test_never_asks(self, dry):
        with pytest.raises(ValueError, match="asks nobody"):
            gates.park(dry, state(), [proposal()])
        with pytest.raises(ValueError, match="asks nobody"):
            gates.ask_release(dry, state(), "text", {})

    def test_is_neither_retried_nor_run_again(self, dry, alice):
        checkpoint = dry.checkpoints.get()
        gates.fail(dry, "x", "y")

        with pytest.raises(Conflict, match="dry run is not retried"):
            runs.retry(dry.pk, by=alice)
        with pytest.raises(Conflict, match="Nothing has happened in a dry run"):
            forks.fork(checkpoint.pk, by=alice)

    def test_is_stopped_like_any_run(self, dry, alice):
        assert runs.stop(dry.pk, by=alice).status == RunStatus.CANCELLED


class TestRecords:
    def test_know_what_was_read_by_what_was_proposed(self, gate):
        records = trials.Records(gate[0].run)

        assert records.of_proposal("issue_refund", ARGUMENTS).output == "c1 came back"
        assert records.of_proposal("write", ARGUMENTS) == trials.Replay(False, outputs(gate[0].run)["c2"])
        assert records.of_run("write", ARGUMENTS) is None
        assert records.of_proposal("issue_refund", CHEAPER) is None

    def test_tell_of_a_failure_as_the_agent_was_told(self, run):
        gates.park(run, state(), [proposal(call_id="c1", ruling=Ruling.LET_THROUGH, kind=Kind.TOOL_APPROVAL)])
        tool_calls.begin(run, "c1", "issue_refund")
        tool_calls.finish(run, "c1", None, error="ValueError: no such customer")

        found = trials.Records(run).of_run("issue_refund", ARGUMENTS)
        assert found == trials.Replay(True, "The tool failed: ValueError: no such customer")
