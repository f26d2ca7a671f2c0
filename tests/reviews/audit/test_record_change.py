"""Making a change and recording it at once."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import IntegrityError
from django.db.models import Q
from django.utils import timezone

from reviews import audit, events
from reviews.actors import SYSTEM
from reviews.audit import Act, Verified
from reviews.models import (
    AuditEntry,
    AuditHead,
    Change,
    Checkpoint,
    Event,
    Intervention,
    New,
    Notice,
    Queue,
    Run,
    Saved,
    Timer,
    ToolCall,
)
from reviews.models.writes import NewRows, Updated
from reviews.states import NoticeChannel, NoticeKind, Ruling, RunStatus, ToolCallStatus
from tests import factories

pytestmark = pytest.mark.django_db
AT = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
NAMES = [field.attname for field in Notice._meta.concrete_fields if not field.primary_key]
ASKED = ("run_id", "checkpoint_id", "kind", "title", "proposal", "queue_id", "due_at", "created_at")


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


def notice(asked, key, **changes):
    fields = {"key": key, "kind": NoticeKind.OPENED, "channel": NoticeChannel.EMAIL, "recipient": "a@example.org"}
    about = {"run_id": asked.run_id, "intervention": asked, "queue_id": asked.queue_id}
    return Notice(**fields | about | {"message": uuid4(), "next_at": AT, "created_at": AT} | changes)


def moment(asked, step):
    return Timer(intervention=asked, kind=Timer.Kind.STEP, step_no=step, due_at=AT, intended_at=AT)


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

    def test_insert_many_rows_just_as_they_are(self, run):
        asked = factories.question()
        says = {"says": "50 % of {it}, 'quoted' \\ “ü” and %s", "n": [1, 2.5, None, True], "at": "2026-01-02"}
        rows = [notice(asked, "a", payload=says), notice(asked, "b", payload={}, next_at=AT, user=None, urgent=True)]
        audit.record(Act("a.one", SYSTEM, run), writes=[NewRows(rows), NewRows([moment(asked, 8), moment(asked, 9)])])

        stored = list(Notice.objects.order_by("key"))
        for one, row in zip(stored, rows, strict=True):
            assert {name: getattr(one, name) for name in NAMES} == {name: getattr(row, name) for name in NAMES}
        assert set(asked.timers.filter(due_at=AT).values_list("step_no", flat=True)) == {8, 9}

    def test_refer_to_a_question_that_is_inserted_with_them(self, run):
        like = factories.question()
        asked = Intervention(**{name: getattr(like, name) for name in ASKED})
        writes = [New(asked), NewRows([moment(asked, 1)]), NewRows([moment(like, 8)])]
        audit.record(Act("a.one", SYSTEM, run), writes=writes)
        assert (asked.timers.get().step_no, like.timers.filter(step_no=8).count()) == (1, 1)

    def test_with_no_parent_take_none_of_the_rows_before_them(self, run):
        asked = factories.question()
        audit.record(Act("a.one", SYSTEM, run), writes=[NewRows([moment(asked, 8)]), New(call(run))])
        assert ToolCall.objects.get(call_id="c1").checkpoint_id is None

    @pytest.mark.parametrize(("found", "left"), [((), 2), ((1,), 1), ((1, 2), 0)], ids=["none", "one", "many"])
    def test_change_all_rows_that_a_query_finds(self, run, found, left):
        asked = factories.question()
        asked.timers.all().delete()
        Timer.objects.bulk_create([moment(asked, 1), moment(asked, 2)])
        those = asked.timers.filter(step_no__in=[0, *found])
        audit.record(Act("a.one", SYSTEM, run), writes=[Updated(those, {"cancelled_at": AT})])
        assert Timer.objects.waiting().count() == left
        assert Timer.objects.filter(cancelled_at=AT).count() == len(found)

    @pytest.mark.django_db(transaction=True)
    def test_are_made_all_or_none(self, run):
        before = AuditEntry.objects.count()
        with pytest.raises(IntegrityError):
            audit.record_change(paused(run), [Act("a.one", SYSTEM, run)], [New(call(run)), New(call(run))])
        assert Run.objects.get(pk=run.pk).status == RunStatus.QUEUED
        assert AuditEntry.objects.count() == before and not ToolCall.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_of_many_rows_are_made_all_or_none(self, run):
        asked = factories.question()
        before = (AuditEntry.objects.count(), asked.timers.count())
        writes = [Updated(asked.timers.all(), {"cancelled_at": AT}), NewRows([moment(asked, 8), moment(asked, 8)])]
        with pytest.raises(IntegrityError):
            audit.record(Act("a.one", SYSTEM, run), writes=writes)
        assert (AuditEntry.objects.count(), asked.timers.count()) == before
        assert not asked.timers.filter(cancelled_at=AT).exists()

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
