"""Two workers at once, and the clock between them."""

import threading
import uuid
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection, transaction
from django.utils import timezone

from reviews.actions import Conflict, LeaseLost, gates, leases, runs, tool_calls
from reviews.actions.tool_calls import NotApproved
from reviews.models import AuditEntry, Event, Run, Span
from reviews.states import Ruling, RunStatus
from tests import factories
from tests.races.conftest import PATIENCE, race, split


def passing(call_id, **changes):
    return factories.proposal(call_id=call_id, ruling=Ruling.LET_THROUGH, **changes)


@pytest.mark.both
class TestOneTaskDeliveredTwice:
    @pytest.mark.parametrize("_", range(10))
    def test_gives_the_run_to_one_worker(self, db, _):
        queued = factories.run()
        won, lost = split(race(*[partial(leases.take, queued.pk, worker=f"w{one}") for one in range(4)]))

        assert lost == []
        (owner,) = [run for run in won if run is not None]
        queued.refresh_from_db()
        assert (queued.lease, queued.worker) == (owner.lease, owner.worker)
        assert Event.objects.filter(run=queued, kind="run.started").count() == 1

    @pytest.mark.parametrize("_", range(10))
    def test_begins_a_call_once(self, db, _):
        run = factories.leased()
        gates.park(run, factories.state(), [passing("pay")])

        won, lost = split(race(*[partial(factories.begin, run, "pay")] * 4))

        assert (len(won), len(lost)) == (1, 3)
        assert all(isinstance(refusal, NotApproved) for refusal in lost)

    def test_brings_one_output_back(self, db):
        run = factories.leased()
        gates.park(run, factories.state(), [passing("look", idempotent=True)])
        factories.begin(run, "look")
        factories.begin(run, "look")
        won, lost = split(race(*[partial(tool_calls.finish, run, "look", text) for text in ("one", "two")]))
        assert (len(won), [type(refusal) for refusal in lost]) == (1, [NotApproved])
        assert AuditEntry.objects.filter(action="tool_call.done").count() == 1


class TestStop:
    @pytest.mark.parametrize("_", range(15))
    def test_against_complete_ends_the_run_once(self, alice, _):
        run = factories.leased()

        completed, stopped = race(partial(gates.complete, run, "done", usage={}), partial(runs.stop, run.pk, by=alice))

        run.refresh_from_db()
        ends = list(run.events.filter(kind__in=["run.completed", "run.stopped"]).values_list("kind", flat=True))
        if isinstance(stopped, Conflict):
            assert (run.status, completed, ends) == (RunStatus.COMPLETED, None, ["run.completed"])
        else:
            assert (run.status, ends) == (RunStatus.CANCELLED, ["run.stopped"])
            assert isinstance(completed, LeaseLost)

    @pytest.mark.parametrize("_", range(10))
    def test_against_the_gate_leaves_no_open_question(self, alice, _):
        run = factories.leased()
        parked, _stopped = race(
            partial(gates.park, run, factories.state(), [factories.proposal()]), partial(runs.stop, run.pk, by=alice)
        )
        run.refresh_from_db()
        assert run.status == RunStatus.CANCELLED
        assert parked is True or isinstance(parked, LeaseLost)
        assert not run.interventions.open().exists()

    @pytest.mark.parametrize("_", range(10))
    def test_against_begin_never_leaves_a_call_looking_unstarted(self, alice, _):
        run = factories.leased()
        gates.park(run, factories.state(), [passing("pay")])
        begun, _stopped = race(partial(factories.begin, run, "pay"), partial(runs.stop, run.pk, by=alice))
        expected = "cancelled" if isinstance(begun, LeaseLost) else "unknown"
        assert run.tool_calls.get().status == expected


class TestTheClock:
    def test_waits_for_no_run_that_somebody_holds(self, db):
        held, free = factories.leased(), factories.leased()
        Run.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
        is_held, may_go = threading.Event(), threading.Event()

        def hold():
            with transaction.atomic():
                Run.objects.locked(held.pk)
                is_held.set()
                assert may_go.wait(PATIENCE)
            connection.close()

        holder = threading.Thread(target=hold)
        holder.start()
        assert is_held.wait(PATIENCE)
        assert leases.reclaim_lost() == 1
        may_go.set()
        holder.join(PATIENCE)

        assert Run.objects.get(pk=free.pk).status == RunStatus.QUEUED
        assert leases.reclaim_lost() == 1
        assert Run.objects.get(pk=held.pk).status == RunStatus.QUEUED

    @pytest.mark.parametrize("_", range(10))
    def test_takes_a_lost_run_back_once_though_two_clocks_run(self, db, _):
        run = factories.leased()
        Run.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
        assert sorted(race(leases.reclaim_lost, leases.reclaim_lost)) == [0, 1]
        run.refresh_from_db()
        assert (run.status, run.losses) == (RunStatus.QUEUED, 1)

    @pytest.mark.parametrize("_", range(10))
    def test_against_a_renewal_takes_the_run_or_leaves_it(self, db, _):
        run = factories.leased()
        Run.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
        taken, renewed = race(leases.reclaim_lost, partial(leases.renew, run))
        run.refresh_from_db()
        assert (taken, renewed) in [(1, set()), (0, {run.lease})]
        assert (run.status == RunStatus.RUNNING) == bool(renewed)

    def test_announces_each_forgotten_run_once_and_never_dead_locks(self, db):
        stale = timezone.now() - timedelta(minutes=1)
        for _ in range(30):
            factories.run()
        Run.objects.update(announced_at=stale)
        won, lost = split(race(*[leases.announce_waiting] * 4))
        assert lost == [] and sum(won) == 30

    def test_passes_by_a_run_that_somebody_holds(self, db):
        held, free = factories.run(), factories.run()
        Run.objects.update(announced_at=timezone.now() - timedelta(minutes=1))
        with held_lock(held):
            assert leases.announce_waiting() == 1
        assert Run.objects.get(pk=free.pk).announced_at > Run.objects.get(pk=held.pk).announced_at


def test_spans_are_written_while_a_verb_holds_the_run(db):
    run = factories.leased()
    with held_lock(run), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
        Span.objects.create(run=run, span_id=uuid.uuid4().hex, trace_id="t", kind="tool", name="look")
    assert run.spans.count() == 1


class held_lock:  # noqa: N801  (reads as a statement)
    """Another thread is in the middle of a verb on that run."""

    def __init__(self, run):
        self.run, self.locked, self.done = run, threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self.hold)

    def hold(self):
        try:
            with transaction.atomic():
                Run.objects.locked(self.run.pk)
                self.locked.set()
                self.done.wait(PATIENCE)
        finally:
            connection.close()

    def __enter__(self):
        self.thread.start()
        assert self.locked.wait(PATIENCE)

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
