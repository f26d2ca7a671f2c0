"""What the database refuses whoever asks, tried with raw updates."""

import uuid

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from reviews.actions import gates, interventions
from reviews.models import (
    AuditEntry,
    AuditHead,
    Checkpoint,
    Decision,
    Event,
    Intervention,
    Membership,
    Queue,
    Run,
    ToolCall,
)
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def question():
    """An open question of a waiting run."""
    return factories.question()


def refused(change, name):
    """The database says no, and names the constraint (or, in older SQLite words, its columns)."""
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        change()


class TestRun:
    @pytest.mark.parametrize(
        ("changes", "name"),
        [
            ({"status": "running"}, "a_lease_exactly_while_running"),
            ({"lease": uuid.uuid4()}, "a_lease_exactly_while_running"),
            ({"status": "completed"}, "a_finish_exactly_when_ended"),
            ({"status": "failed"}, "a_finish_exactly_when_ended"),
            ({"status": "cancelled"}, "a_finish_exactly_when_ended"),
            ({"finished_at": timezone.now()}, "a_finish_exactly_when_ended"),
            ({"status": "asleep"}, "a_known_run_status"),
        ],
    )
    def test_keeps_its_status_lease_and_end_together(self, question, changes, name):
        refused(lambda: Run.objects.filter(pk=question.run_id).update(**changes), name)

    def test_cannot_lose_its_status_to_nothing(self, question):
        refused(lambda: Run.objects.filter(pk=question.run_id).update(status=""), "a_known_run_status")

    def test_that_runs_cannot_lose_its_lease(self):
        run = factories.leased()
        refused(lambda: Run.objects.filter(pk=run.pk).update(lease=None), "a_lease_exactly_while_running")


class TestToolCall:
    @pytest.mark.parametrize("status", ["", "asleep", "DONE"])
    def test_has_a_known_status(self, question, status):
        calls = ToolCall.objects.filter(pk=question.tool_call_id)
        refused(lambda: calls.update(status=status), "a_known_tool_call_status")


class TestIntervention:
    @pytest.mark.parametrize(
        ("changes", "name"),
        [
            ({"status": "claimed"}, "claimed_has_a_claimer"),
            ({"status": "decided"}, "decided_has_an_outcome"),
            ({"status": "decided", "outcome": "approved"}, "decided_has_an_outcome"),
            ({"status": "decided", "decided_at": timezone.now()}, "decided_has_an_outcome"),
            ({"status": "forgotten"}, "a_known_intervention_status"),
        ],
    )
    def test_keeps_its_status_and_its_facts_together(self, question, changes, name):
        refused(lambda: Intervention.objects.filter(pk=question.pk).update(**changes), name)

    def test_is_the_only_open_one_of_its_call(self, question):
        question.pk = uuid.uuid4()
        refused(lambda: question.save(force_insert=True), "one_open_intervention_per_call|tool_call_id")

    def test_may_follow_a_closed_one_of_the_same_call(self, question):
        Intervention.objects.filter(pk=question.pk).update(status="cancelled")
        question.pk = uuid.uuid4()
        question.save(force_insert=True)
        assert Intervention.objects.count() == 2


class TestUniqueness:
    def test_of_a_call_id_in_its_run(self, question):
        call = question.tool_call
        call.pk = None
        refused(call.save, "one_tool_call_per_call_id|call_id")

    def test_of_a_checkpoint_number_in_its_run(self, question):
        checkpoint = question.checkpoint
        checkpoint.pk = None
        refused(checkpoint.save, "one_checkpoint_per_number|number")

    def test_of_a_vote(self, question, alice):
        decision = interventions.decide(question.pk, by=alice, verdict="approve")
        decision.pk = None
        refused(decision.save, "one_vote_per_reviewer|decided_by_id")

    def test_of_a_seat(self, alice, queue):
        refused(lambda: Membership.objects.create(user=alice, queue=queue), "one_seat_per_queue|queue_id")

    def test_of_a_queues_slug(self, queue):
        refused(lambda: Queue.objects.create(slug=queue.slug, name="Twin"), "slug")

    def test_of_the_head_of_the_book(self, question):
        refused(lambda: AuditHead.objects.create(pk=2), "only_one_audit_head")

    def test_of_a_link_of_the_book(self, question):
        twin = AuditEntry.objects.last()
        twin.seq += 100
        with pytest.raises(DatabaseError, match="append-only|previous"), transaction.atomic():
            twin.save(force_insert=True)


class TestDeletion:
    def test_of_a_run_that_asked_people_is_refused(self, question, alice):
        interventions.decide(question.pk, by=alice, verdict="approve")
        with pytest.raises(ProtectedError):
            question.run.delete()
        assert Decision.objects.exists()

    def test_of_a_run_leaves_the_book_as_it_is(self):
        run = factories.leased()
        gates.complete(run, "ok", usage={})
        before = AuditEntry.objects.count()
        run.delete()
        assert not Event.objects.exists()
        assert AuditEntry.objects.count() == before

    def test_of_a_reviewer_who_decided_is_refused(self, question, alice):
        interventions.decide(question.pk, by=alice, verdict="approve")
        with pytest.raises(ProtectedError):
            alice.delete()

    def test_of_a_queue_in_use_is_refused(self, question):
        with pytest.raises(ProtectedError):
            question.queue.delete()

    @pytest.mark.parametrize("model", [Checkpoint, ToolCall])
    def test_of_what_a_question_hangs_on_is_refused(self, question, model):
        with pytest.raises(ProtectedError):
            model.objects.all().delete()
