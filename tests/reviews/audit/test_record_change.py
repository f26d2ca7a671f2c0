"""Making a change and recording it at once."""

import pytest
from django.db import IntegrityError
from django.db.models import Q
from django.utils import timezone

from reviews import audit, events
from reviews.actors import SYSTEM
from reviews.audit import Act, Verified
from reviews.models import AuditEntry, AuditHead, Change, Checkpoint, Event, New, Queue, Run, Saved, ToolCall
from reviews.states import Ruling, RunStatus, ToolCallStatus
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    return factories.run()


def paused(run, **changes):
    """A change that any queued run takes."""
    queued = Run.objects.filter(pk=run.pk, status=RunStatus.QUEUED)
    return Change(queued, {"status": RunStatus.PAUSED, "hold": True}, **changes)


def call(run, **changes):
    fields = {"run": run, "call_id": "c1", "agent": "a", "tool": "t", "proposed": {"n": 1}, "ruling": Ruling.ASKED}
    return ToolCall(**fields | {"created_at": timezone.now()} | changes)


class TestRecordChange:
    def test_returns_the_row_as_it_is_now(self, run):
        changed = audit.record_change(paused(run), [Act("run.paused", SYSTEM, run)])
        assert isinstance(changed, Run) and changed == run
        assert (changed.status, changed.hold, changed.usage) == (RunStatus.PAUSED, True, {})
        assert Run.objects.get(pk=run.pk).status == RunStatus.PAUSED
        assert run.events.last().kind == "run.paused"
        assert isinstance(audit.verify(), Verified)

    def test_writes_nothing_where_the_row_is_another_by_now(self, run):
        Run.objects.filter(pk=run.pk).update(status=RunStatus.PAUSED)
        head = AuditHead.objects.get()
        found = audit.record_change(paused(run), [Act("run.paused", SYSTEM, run)], [New(call(run))])
        assert found is None
        assert AuditHead.objects.get().seq == head.seq == AuditEntry.objects.count()
        assert not ToolCall.objects.exists()

    def test_writes_nothing_for_a_condition_that_no_row_can_meet(self, run):
        nobody = Change(Run.objects.filter(pk__in=[]), {"hold": True})
        assert audit.record_change(nobody, [Act("run.paused", SYSTEM, run)]) is None
        assert not Event.objects.filter(kind="run.paused").exists()

    @pytest.mark.parametrize(("worker", "kind"), [("", "a.first"), ("w", "a.later")])
    def test_records_what_fits_the_case(self, run, worker, kind):
        Run.objects.filter(pk=run.pk).update(worker=worker)
        told = {True: [Act("a.first", SYSTEM, run)], False: [Act("a.later", SYSTEM, run)]}
        audit.record_change(paused(run, case=Q(worker="")), told)
        assert run.events.last().kind == kind

    def test_rings_in_the_queue_of_the_changed_row(self, run, monkeypatch):
        told = []
        monkeypatch.setattr(events, "publish", told.append)
        changed = audit.record_change(paused(run), [Act("run.paused", SYSTEM, Run(pk=run.pk))])
        assert told == [events.Recorded(run.pk, AuditHead.objects.get().seq, (changed.queue_id,))]

    def test_opens_the_book_where_it_is_the_first_act_of_all(self):
        queue = Queue.objects.create(slug="first", name="First")
        renamed = Change(Queue.objects.filter(pk=queue.pk), {"name": "Renamed"})
        assert audit.record_change(renamed, [Act("queue.renamed", SYSTEM)]).name == "Renamed"
        assert AuditEntry.objects.get().action == "queue.renamed"


class TestItsWrites:
    def test_insert_rows_that_refer_to_one_another(self, run):
        state, digest = Checkpoint.pack("{}")
        checkpoint = Checkpoint(run=run, number=1, state=state, digest=digest, created_at=timezone.now())
        asked = call(run, checkpoint=checkpoint)
        audit.record(Act("a.one", SYSTEM, run), writes=[New(checkpoint), New(asked)])

        assert checkpoint.pk is not None and not asked._state.adding
        stored = ToolCall.objects.get(pk=asked.pk)
        assert (stored.checkpoint_id, asked.checkpoint_id) == (checkpoint.pk, checkpoint.pk)
        assert (stored.proposed, stored.executed, stored.output) == ({"n": 1}, None, None)
        assert bytes(stored.checkpoint.state) == state

    def test_save_only_the_named_fields(self, run):
        asked = call(run)
        asked.save()
        asked.status, asked.tool = ToolCallStatus.APPROVED, "another"
        audit.record(Act("a.one", SYSTEM, run), writes=[Saved(asked, ["status"])])
        stored = ToolCall.objects.get(pk=asked.pk)
        assert (stored.status, stored.tool) == (ToolCallStatus.APPROVED, "t")

    @pytest.mark.django_db(transaction=True)
    def test_are_made_all_or_none(self, run):
        before = AuditEntry.objects.count()
        with pytest.raises(IntegrityError):
            audit.record_change(paused(run), [Act("a.one", SYSTEM, run)], [New(call(run)), New(call(run))])
        assert Run.objects.get(pk=run.pk).status == RunStatus.QUEUED
        assert AuditEntry.objects.count() == before and not ToolCall.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_need_no_transaction_around_them(self, run):
        audit.record(Act("a.one", SYSTEM, run), writes=[New(call(run))])
        assert ToolCall.objects.filter(run=run).exists() and run.events.last().kind == "a.one"

    def test_keep_text_as_it_is(self, run):
        text = "50 % of {it}, 'quoted' \\ and %s"
        audit.record(Act("a.one", SYSTEM, run, data={"said": text}), writes=[New(call(run, why=text))])
        assert ToolCall.objects.get().why == text == run.events.last().data["said"]


class TestChange:
    def test_is_made_by_one_statement(self, run, django_assert_num_queries):
        with django_assert_num_queries(1):
            changed = paused(run).make()
        assert (changed.pk, changed.status, bool(changed.case)) == (run.pk, RunStatus.PAUSED, True)
        assert paused(run).make() is None
