"""A verdict: from the reviewer to the ledger."""

import json

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from reviews import events
from reviews.actions import Conflict, gates, interventions, runs
from reviews.models import AuditEntry, Decision, Intervention, Span
from reviews.states import InterventionStatus, Kind, RunStatus, ToolCallStatus, Verdict
from tests import factories
from tests.reviews.actions.conftest import book

EDITED = {"customer_id": "C-88213", "amount": 100}


def decide(question, by, verdict=Verdict.APPROVE, **said):
    decision = interventions.decide(question.pk, by=by, verdict=verdict, **said)
    question.refresh_from_db()
    question.run.refresh_from_db()
    question.tool_call.refresh_from_db()
    return decision


class TestDecide:
    @pytest.mark.parametrize(
        ("said", "outcome", "call"),
        [
            ({"verdict": "approve"}, "approved", {"status": "approved", "executed": None, "output": None}),
            (
                {"verdict": "edit", "replacement": EDITED},
                "edited",
                {"status": "approved", "executed": EDITED, "output": None},
            ),
            (
                {"verdict": "override", "replacement": "Refunded by hand."},
                "overridden",
                {"status": "supplied", "executed": None, "output": "Refunded by hand."},
            ),
            (
                {"verdict": "reject", "note": "Too much."},
                "rejected",
                {
                    "status": "refused",
                    "executed": None,
                    "output": "A human reviewer rejected this call. Feedback: Too much.",
                },
            ),
            (
                {"verdict": "reject"},
                "rejected",
                {"status": "refused", "executed": None, "output": "A human reviewer rejected this call."},
            ),
        ],
    )
    def test_writes_the_verdict_into_the_ledger_and_queues_the_run(self, refund, alice, said, outcome, call):
        decide(refund, alice, **said)

        assert (refund.status, refund.outcome, refund.version) == (InterventionStatus.DECIDED, outcome, 2)
        assert refund.run.status == RunStatus.QUEUED
        assert {name: getattr(refund.tool_call, name) for name in call} == call
        assert (refund.tool_call.finished_at is None) == (call["status"] == "approved")

    def test_answers_a_question(self, run, queue, alice):
        question = factories.question(run, kind=Kind.QUESTION, tool="ask_human", arguments={"question": "Which?"})
        decide(question, alice, Verdict.ANSWER, replacement="  The left one. ")

        assert (question.outcome, question.tool_call.status) == ("answered", ToolCallStatus.SUPPLIED)
        assert question.tool_call.output == "The left one."

    def test_keeps_all_that_was_said_and_on_what(self, refund, alice):
        decision = decide(
            refund,
            alice,
            Verdict.REJECT,
            note=" Too much. ",
            reason=" Fraud? ",
            context=" VIP. ",
            replacement="ignored",
        )

        assert (decision.note, decision.reason, decision.context) == ("Too much.", "Fraud?", "VIP.")
        assert (decision.decided_by, decision.replacement, decision.proposal_digest) == (alice, None, refund.digest)

    def test_keeps_the_internal_reason_from_the_agent(self, refund, alice):
        decide(refund, alice, Verdict.REJECT, note="No.", reason="Suspected fraud")
        assert "fraud" not in json.dumps(refund.tool_call.output).lower()

    def test_signs_the_book_with_all_of_it(self, refund, alice):
        decide(refund, alice, Verdict.EDIT, replacement=EDITED, note="Half.", reason="Rule 7")

        entry = AuditEntry.objects.last()
        assert (entry.action, entry.actor, entry.subject) == (
            "intervention.edit",
            "alice",
            f"intervention:{refund.pk}",
        )
        assert json.loads(entry.data) == {
            "kind": "tool_approval",
            "tool": "issue_refund",
            "call_id": refund.tool_call.call_id,
            "proposal": refund.proposal,
            "proposal_digest": refund.digest,
            "replacement": EDITED,
            "note": "Half.",
            "reason": "Rule 7",
            "context": "",
        }

    def test_is_a_step_of_the_runs_trace(self, refund, alice):
        decision = decide(refund, alice)

        span = Span.objects.get()
        assert (span.run, span.trace_id, span.kind) == (refund.run, refund.run.trace_id, "human_decision")
        assert (span.started_at, span.ended_at) == (refund.created_at, decision.created_at)
        assert span.data["verdict"] == "approve"

    def test_is_announced_once_it_is_committed(self, refund, alice, heard, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            interventions.decide(refund.pk, by=alice, verdict=Verdict.APPROVE)
            assert heard == []

        queued, recorded = heard
        assert queued == events.RunQueued(refund.run_id)
        assert (recorded.run_id, recorded.queue_ids) == (refund.run_id, (refund.queue_id,))

    def test_keeps_words_that_a_database_would_refuse(self, refund, alice):
        decision = decide(refund, alice, Verdict.OVERRIDE, replacement={"a": "\0"}, note="\ud83d", reason="ok\0")
        assert (decision.replacement, decision.note, decision.reason) == ({"a": "\ufffd"}, "\ufffd", "ok\ufffd")


class TestPartialDecisions:
    @pytest.fixture
    def pair(self, run, queue):
        gates.park(run, factories.state(), [factories.proposal(), factories.proposal()])
        return list(run.interventions.order_by("tool_call"))

    def test_leave_the_run_waiting_until_the_last_one(self, pair, run, alice, bob):
        decide(pair[0], alice)
        run.refresh_from_db()
        assert run.status == RunStatus.AWAITING_REVIEW

        decide(pair[1], bob, Verdict.REJECT)
        run.refresh_from_db()
        assert run.status == RunStatus.QUEUED

    def test_stand_when_the_run_is_stopped_before_the_last_one(self, pair, run, alice):
        decide(pair[0], alice, Verdict.REJECT)
        runs.stop(run.pk, by=alice)

        assert [Intervention.objects.get(pk=one.pk).status for one in pair] == ["decided", "cancelled"]
        assert set(run.tool_calls.values_list("status", flat=True)) == {"refused", "cancelled"}


class TestLateDecision:
    def test_learns_who_decided_what_and_when(self, refund, alice, bob):
        alice.first_name, alice.last_name = "Alice", "Ames"
        alice.save()
        first = decide(refund, alice, Verdict.REJECT, note="duplicate")

        with pytest.raises(Conflict) as refusal:
            decide(refund, bob)

        when = f"{first.created_at:%d %b %Y at %H:%M:%S} UTC"
        assert str(refusal.value) == f"Alice Ames rejected this item on {when}."
        assert Decision.objects.get().decided_by == alice
        assert book().count("intervention.approve") == 0

    def test_of_the_same_reviewer_in_another_tab_is_refused_too(self, refund, alice):
        decide(refund, alice)
        with pytest.raises(Conflict, match="alice approved this item on"):
            decide(refund, alice)

    def test_learns_who_stopped_the_run_meanwhile(self, refund, alice, mara):
        runs.stop(refund.run_id, by=mara)
        with pytest.raises(Conflict, match=r"mara stopped the run on .* UTC; this item no longer needs a decision"):
            decide(refund, alice)

    def test_on_another_version_than_was_seen_is_refused(self, refund, alice):
        with pytest.raises(Conflict, match="has changed since you opened it"):
            decide(refund, alice, version=7)
        decide(refund, alice, version=1)

    def test_on_a_proposal_that_was_altered_in_the_database_is_refused(self, refund, alice):
        Intervention.objects.filter(pk=refund.pk).update(proposal={"customer_id": "C-1", "amount": 1})
        with pytest.raises(Conflict, match="not what the agent asked"):
            decide(refund, alice)

    def test_on_an_item_a_colleague_has_claimed_names_them(self, refund, alice, bob):
        interventions.claim(refund.pk, by=alice)
        with pytest.raises(Conflict, match=r"alice has claimed this item since .* UTC"):
            decide(refund, bob)

    def test_is_open_to_the_one_who_claimed_it(self, refund, alice):
        interventions.claim(refund.pk, by=alice)
        decide(refund, alice)
        assert refund.outcome == "approved"


class TestWhoMayDecide:
    @pytest.mark.parametrize("who", ["charlie", "otto", "admin"])
    def test_is_nobody_without_a_seat(self, refund, who, request):
        with pytest.raises(PermissionDenied, match=f"{who} is not a reviewer"):
            decide(refund, request.getfixturevalue(who))
        assert not Decision.objects.exists()

    def test_is_a_reviewer_or_a_manager_of_the_queue(self, refund, mara):
        assert decide(refund, mara).decided_by == mara

    def test_is_nobody_whose_account_was_switched_off(self, refund, alice):
        alice.is_active = False
        with pytest.raises(PermissionDenied):
            decide(refund, alice)

    def test_is_nobody_whose_seat_was_taken_away(self, refund, alice):
        alice.memberships.all().delete()
        with pytest.raises(PermissionDenied):
            decide(refund, alice)

    def test_is_asked_before_anything_is_told_about_the_item(self, refund, alice, charlie):
        decide(refund, alice)
        with pytest.raises(PermissionDenied):
            decide(refund, charlie)

    def test_of_an_item_that_does_not_exist_is_nobody(self, alice):
        with pytest.raises(PermissionDenied, match="There is no item"):
            interventions.decide("00000000-0000-0000-0000-000000000000", by=alice, verdict="approve")


class TestOneTransaction:
    def test_leaves_neither_verdict_nor_entry_when_the_book_cannot_be_written(self, refund, alice, monkeypatch):
        def refuse(*acts, **writes):
            raise RuntimeError("no ink")

        before = book()
        monkeypatch.setattr(interventions.audit, "record", refuse)
        with pytest.raises(RuntimeError, match="no ink"), transaction.atomic():
            decide(refund, alice)

        refund.refresh_from_db()
        refund.tool_call.refresh_from_db()
        assert (refund.status, refund.tool_call.status) == ("pending", "proposed")
        assert not Decision.objects.exists() and not Span.objects.exists()
        assert book() == before

    def test_leaves_neither_when_the_caller_rolls_back(self, refund, alice, heard, django_capture_on_commit_callbacks):
        before = book()
        with django_capture_on_commit_callbacks(execute=True), pytest.raises(ZeroDivisionError), transaction.atomic():
            interventions.decide(refund.pk, by=alice, verdict=Verdict.APPROVE)
            raise ZeroDivisionError

        refund.refresh_from_db()
        assert refund.is_open
        assert book() == before
        assert heard == []

    def test_takes_one_vote_per_reviewer(self, refund, alice):
        decision = decide(refund, alice)
        with pytest.raises(IntegrityError), transaction.atomic():
            Decision.objects.create(
                intervention=refund, verdict="reject", decided_by=alice, created_at=decision.created_at
            )
