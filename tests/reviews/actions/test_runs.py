"""What people do to runs."""

import json
from datetime import datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied

from reviews import catalog, events
from reviews.actions import Conflict, Invalid, gates, interventions, leases, runs, tool_calls
from reviews.catalog import UnknownAgent
from reviews.models import AuditEntry, Queue, Run
from reviews.states import InterventionStatus, Kind, Ruling, RunStatus, ToolCallStatus, Verdict
from tests import factories
from tests.reviews.actions.conftest import book, history, ledger


class TestSubmit:
    def test_queues_a_run_of_the_agents_queue_and_version(self, alice):
        factories.card("refunds", version="7", scripted=True)

        run = runs.submit("refunds", "Refund O-1.", by=alice)

        assert (run.agent, run.agent_version, run.queue.slug, run.scripted) == ("refunds", "7", "support", True)
        assert (run.status, run.started_by, run.input) == (RunStatus.QUEUED, alice, "Refund O-1.")
        assert run.created_at == run.queued_at == run.announced_at
        assert history(run) == ["run.submitted"]

    def test_signs_the_book_with_who_asked_for_what(self, alice):
        factories.card("refunds")
        run = runs.submit("refunds", "Refund O-1.", by=alice)

        entry = AuditEntry.objects.get()
        assert (entry.actor_type, entry.actor, entry.run) == ("user", "alice", str(run.pk))
        assert entry.data == '{"agent":"refunds","input":"Refund O-1.","version":"1"}'

    def test_by_nobody_is_the_systems(self):
        factories.run()
        assert AuditEntry.objects.get().actor_type == "system"

    def test_is_announced_once_it_is_committed(self, alice, heard, django_capture_on_commit_callbacks):
        factories.card()
        with django_capture_on_commit_callbacks(execute=True):
            run = runs.submit(factories.AGENT, "Go.", by=alice)
            assert heard == []

        assert heard == [events.Recorded(run.pk, 1, (run.queue_id,)), events.RunQueued(run.pk)]

    def test_knows_only_registered_agents(self, alice):
        factories.card("refunds")
        with pytest.raises(UnknownAgent, match="'refnds'.*refunds"):
            runs.submit("refnds", "Go.", by=alice)

    @pytest.mark.parametrize("text", ["", "  \n "])
    def test_refuses_an_empty_input(self, text, alice):
        factories.card()
        with pytest.raises(Invalid, match="empty") as refusal:
            runs.submit(factories.AGENT, text, by=alice)
        assert list(refusal.value.errors) == ["input"]

    def test_refuses_an_endless_input_and_says_how_long_it_may_be(self, alice):
        factories.card()
        with pytest.raises(Invalid, match="100,001 characters; at most 100,000"):
            runs.submit(factories.AGENT, "x" * 100_001, by=alice)

    def test_keeps_an_input_that_a_database_would_refuse(self, alice):
        factories.card()
        assert runs.submit(factories.AGENT, "a\0b\ud800c", by=alice).input == "a\ufffdb\ufffdc"

    def test_needs_a_seat_in_the_agents_queue_and_leaves_no_trace(self, charlie):
        factories.card(queue="brand-new")
        with pytest.raises(PermissionDenied, match="charlie"):
            runs.submit(factories.AGENT, "Go.", by=charlie)
        assert not Run.objects.exists() and not AuditEntry.objects.exists()
        assert not Queue.objects.filter(slug="brand-new").exists()

    def test_is_open_to_an_admin_without_a_seat(self, admin):
        factories.card()
        assert runs.submit(factories.AGENT, "Go.", by=admin).started_by == admin


class TestSubmitOnceTheQueueIsKnown:
    @pytest.fixture(autouse=True)
    def first(self, alice):
        factories.card()
        return runs.submit(factories.AGENT, "Go.", by=alice)

    def test_still_needs_a_seat_and_leaves_no_trace(self, first, charlie):
        with pytest.raises(PermissionDenied, match="charlie"):
            runs.submit(factories.AGENT, "Go.", by=charlie)
        assert (Run.objects.get(), AuditEntry.objects.count()) == (first, 1)

    def test_misses_a_seat_that_was_taken_since(self, first, alice):
        alice.memberships.all().delete()
        with pytest.raises(PermissionDenied, match="alice"):
            runs.submit(factories.AGENT, "Go.", by=alice)
        assert Run.objects.get() == first

    def test_is_still_open_to_an_admin_without_a_seat_and_to_the_system(self, first, admin):
        for person in (admin, None):
            run = runs.submit(factories.AGENT, "Go.", by=person)
            assert (run.started_by, run.queue, run.queue.slug) == (person, first.queue, "support")

    def test_finds_a_queue_that_was_removed_and_made_anew(self, first, alice):
        Queue.objects.filter(pk=first.queue_id).update(slug="other")
        anew = factories.queue("support")
        factories.seat(alice, anew)

        assert runs.submit(factories.AGENT, "Go.", by=alice).queue == anew
        assert runs.submit(factories.AGENT, "Again.", by=alice).queue == anew

    def test_stores_a_run_that_reads_as_it_was_made(self, alice):
        run = runs.submit(factories.AGENT, "Go.", by=alice)
        assert Run.objects.get(pk=run.pk).queue_id == run.queue_id == run.queue.pk
        assert history(run) == ["run.submitted"]


class TestPause:
    def test_holds_a_queued_run_at_once(self, alice):
        run = runs.pause(factories.run().pk, by=alice)

        assert (run.status, run.hold) == (RunStatus.PAUSED, True)
        assert leases.take(run.pk, worker="w") is None
        assert history(run) == ["run.submitted", "run.paused"]

    def test_waits_for_the_next_gate_of_a_running_one(self, run, alice):
        paused = runs.pause(run.pk, by=alice)

        assert (paused.status, paused.lease) == (RunStatus.RUNNING, run.lease)
        assert history(run)[-1] == "run.pause_requested"

    def test_of_a_waiting_run_leaves_its_question_open(self, refund, alice):
        run = runs.pause(refund.run_id, by=alice)

        refund.refresh_from_db()
        assert (run.status, run.hold, refund.is_open) == (RunStatus.AWAITING_REVIEW, True, True)

    def test_of_a_waiting_run_holds_it_after_its_last_decision_and_says_so(self, refund, alice):
        runs.pause(refund.run_id, by=alice)
        interventions.decide(refund.pk, by=alice, verdict=Verdict.APPROVE)

        refund.run.refresh_from_db()
        assert refund.run.status == RunStatus.PAUSED
        assert history(refund.run)[-3:] == ["run.pause_requested", "intervention.approve", "run.paused"]

    def test_is_refused_twice(self, run, alice):
        runs.pause(run.pk, by=alice)
        with pytest.raises(Conflict, match="already paused"):
            runs.pause(run.pk, by=alice)

    def test_is_refused_once_the_run_has_ended(self, run, alice):
        runs.stop(run.pk, by=alice)
        with pytest.raises(Conflict, match="already ended: it is stopped"):
            runs.pause(run.pk, by=alice)


class TestResume:
    def test_queues_a_paused_run(self, alice, heard, django_capture_on_commit_callbacks):
        run = runs.pause(factories.run().pk, by=alice)
        with django_capture_on_commit_callbacks(execute=True):
            run = runs.resume(run.pk, by=alice)

        assert (run.status, run.hold) == (RunStatus.QUEUED, False)
        assert events.RunQueued(run.pk) in heard
        assert history(run)[-1] == "run.continued"

    def test_takes_back_a_pause_that_has_not_happened_yet(self, run, alice):
        runs.pause(run.pk, by=alice)
        resumed = runs.resume(run.pk, by=alice)

        assert (resumed.status, resumed.hold, resumed.lease) == (RunStatus.RUNNING, False, run.lease)

    def test_of_a_run_with_an_open_question_leaves_it_waiting(self, refund, alice):
        runs.pause(refund.run_id, by=alice)
        assert runs.resume(refund.run_id, by=alice).status == RunStatus.AWAITING_REVIEW

    def test_is_refused_for_a_run_that_is_not_held(self, run, alice):
        with pytest.raises(Conflict, match="not paused: it is running"):
            runs.resume(run.pk, by=alice)


class TestStop:
    def test_ends_a_queued_run(self, alice):
        run = runs.stop(factories.run().pk, by=alice, reason="wrong order")

        assert (run.status, run.lease) == (RunStatus.CANCELLED, None)
        assert run.finished_at is not None
        assert leases.take(run.pk, worker="w") is None
        assert AuditEntry.objects.last().data == '{"reason":"wrong order"}'

    def test_ends_a_paused_run(self, alice):
        run = runs.pause(factories.run().pk, by=alice)
        assert runs.stop(run.pk, by=alice).status == RunStatus.CANCELLED

    def test_takes_a_running_run_from_its_worker(self, run, alice):
        runs.stop(run.pk, by=alice)
        assert leases.renew(run) == set()

    def test_withdraws_open_questions_and_closes_the_ledger(self, run, alice, queue):
        asked = [factories.proposal(call_id="asked_1"), factories.proposal(call_id="asked_2")]
        passed = factories.proposal(call_id="passed", ruling=Ruling.LET_THROUGH)
        refused = factories.proposal(call_id="refused", ruling=Ruling.REFUSED)
        gates.park(run, factories.state(), [*asked, passed, refused])
        claimed = run.interventions.get(tool_call__call_id="asked_2")
        interventions.claim(claimed.pk, by=alice)

        runs.stop(run.pk, by=alice)

        assert set(run.interventions.values_list("status", "version")) == {(InterventionStatus.CANCELLED, 2)}
        assert ledger(run) == {
            "asked_1": ToolCallStatus.CANCELLED,
            "asked_2": ToolCallStatus.CANCELLED,
            "passed": ToolCallStatus.CANCELLED,
            "refused": ToolCallStatus.REFUSED,
        }
        assert history(run)[-3:] == ["intervention.cancelled", "intervention.cancelled", "run.stopped"]

    def test_owns_up_that_nobody_knows_what_a_started_call_did(self, run, alice):
        calls = [
            factories.proposal(call_id="pay", ruling=Ruling.LET_THROUGH),
            factories.proposal(call_id="look", ruling=Ruling.LET_THROUGH, idempotent=True),
            factories.proposal(call_id="helper", ruling=Ruling.LET_THROUGH, is_agent=True),
            factories.proposal(call_id="done", ruling=Ruling.LET_THROUGH),
        ]
        gates.park(run, factories.state(), calls)
        for call in calls:
            factories.begin(run, call.call_id)
        tool_calls.finish(run, "done", "ok")

        runs.stop(run.pk, by=alice)

        assert ledger(run) == {"pay": "unknown", "look": "unknown", "helper": "cancelled", "done": "done"}
        assert history(run)[-3:] == ["tool_call.unknown", "tool_call.unknown", "run.stopped"]

    @pytest.mark.parametrize("ending", ["stopped", "failed", "completed"])
    def test_keeps_in_the_book_what_a_call_in_flight_was_given(self, run, alice, ending):
        gates.park(run, factories.state(), [factories.proposal(call_id="pay", ruling=Ruling.LET_THROUGH)])
        call = factories.begin(run, "pay")

        {
            "stopped": lambda: runs.stop(run.pk, by=alice),
            "failed": lambda: gates.fail(run, "boom", "It broke."),
            "completed": lambda: gates.complete(run, "ok", usage={}),
        }[ending]()

        entry = AuditEntry.objects.get(action="tool_call.unknown")
        told = json.loads(entry.data)
        assert datetime.fromisoformat(told.pop("started_at")) - call.started_at < timedelta(milliseconds=1)
        assert told == {"call_id": "pay", "tool": "issue_refund", "executed": factories.ARGUMENTS}
        assert (entry.actor_type, entry.run) == ("system", str(run.pk))

    def test_takes_back_a_pause(self, run, alice):
        runs.pause(run.pk, by=alice)
        assert runs.stop(run.pk, by=alice).hold is False

    def test_is_refused_twice(self, run, alice):
        runs.stop(run.pk, by=alice)
        with pytest.raises(Conflict, match="already ended: it is stopped"):
            runs.stop(run.pk, by=alice)
        assert book().count("run.stopped") == 1


class TestRetry:
    @pytest.mark.parametrize("ending", ["failed", "stopped"])
    def test_queues_a_new_run_with_the_same_input(self, run, alice, ending):
        gates.fail(run, "boom", "It broke.") if ending == "failed" else runs.stop(run.pk, by=alice)

        again = runs.retry(run.pk, by=alice)

        assert again.pk != run.pk
        assert (again.agent, again.input, again.retry_of, again.started_by) == (run.agent, run.input, run, alice)
        assert again.status == RunStatus.QUEUED
        assert f'"retry_of":"{run.pk}"' in AuditEntry.objects.last().data

    def test_runs_the_version_that_is_registered_now(self, run, alice):
        runs.stop(run.pk, by=alice)
        factories.card(run.agent, version="2")
        assert runs.retry(run.pk, by=alice).agent_version == "2"

    def test_is_refused_for_a_run_that_may_still_finish_or_has(self, run, alice):
        with pytest.raises(Conflict, match="this one is running"):
            runs.retry(run.pk, by=alice)
        gates.complete(run, "ok", usage={})
        with pytest.raises(Conflict, match="this one is completed"):
            runs.retry(run.pk, by=alice)

    def test_says_when_the_agent_is_gone(self, run, alice):
        runs.stop(run.pk, by=alice)
        catalog.withdraw(run.agent)
        with pytest.raises(UnknownAgent):
            runs.retry(run.pk, by=alice)


@pytest.mark.parametrize("verb", [runs.stop, runs.pause, runs.resume, runs.retry])
class TestEveryVerbOnRuns:
    @pytest.mark.parametrize("who", ["charlie", "otto"])
    def test_is_refused_to_those_without_a_seat(self, verb, who, run, request):
        before = book()
        with pytest.raises(PermissionDenied, match=f"{who} may not operate runs of the queue “Support”"):
            verb(run.pk, by=request.getfixturevalue(who))
        assert book() == before

    def test_is_refused_to_an_account_that_was_switched_off(self, verb, run, alice):
        alice.is_active = False
        with pytest.raises(PermissionDenied):
            verb(run.pk, by=alice)

    def test_does_not_tell_whether_a_run_exists(self, verb, alice):
        with pytest.raises(PermissionDenied, match="There is no run"):
            verb("00000000-0000-0000-0000-000000000000", by=alice)


def test_a_run_of_a_question_kind_ends_like_any_other(alice):
    question = factories.question(kind=Kind.QUESTION, tool="ask_human", arguments={"question": "Which order?"})
    runs.stop(question.run_id, by=alice)
    question.refresh_from_db()
    assert question.status == InterventionStatus.CANCELLED
