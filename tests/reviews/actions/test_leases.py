"""Which worker owns a run."""

from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone

from reviews import events
from reviews.actions import LeaseLost, gates, interventions, leases, runs, tool_calls
from reviews.actions.fleet import UNANNOUNCED_AFTER
from reviews.models import Run
from reviews.states import Ruling, RunStatus, Verdict
from tests import factories
from tests.reviews.actions.conftest import book, history


def lose(run):
    """Its worker has fallen silent."""
    Run.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


class TestTake:
    def test_makes_one_worker_the_owner(self, settings):
        settings.FOUREYES_LEASE_SECONDS = 30
        queued = factories.run()

        run = leases.take(queued.pk, worker="host:1")

        assert (run.status, run.worker) == (RunStatus.RUNNING, "host:1")
        assert run.lease is not None
        assert (run.lease_expires_at - run.started_at).total_seconds() == 30
        assert history(run)[-1] == "run.started"

    def test_leaves_nothing_to_a_second_delivery_of_the_same_task(self):
        queued = factories.run()
        leases.take(queued.pk, worker="a")
        before = book()

        assert leases.take(queued.pk, worker="b") is None
        assert book() == before

    def test_gives_a_new_token_each_time_and_keeps_the_first_start(self, run):
        lose(run)
        leases.reclaim_lost()
        again = leases.take(run.pk, worker="b")

        assert again.lease not in (None, run.lease)
        assert again.started_at == run.started_at
        assert history(run)[-1] == "run.resumed"

    def test_leaves_a_waiting_and_an_unknown_run_alone(self, refund):
        assert leases.take(refund.run_id, worker="a") is None
        assert leases.take("00000000-0000-0000-0000-000000000000", worker="a") is None


class TestRenew:
    def test_moves_the_end_of_the_lease(self, run):
        lose(run)
        assert leases.renew(run) == {run.lease}
        run.refresh_from_db()
        assert run.lease_expires_at > timezone.now()
        assert leases.reclaim_lost() == 0

    def test_says_when_another_worker_has_the_run(self, run):
        lose(run)
        leases.reclaim_lost()
        leases.take(run.pk, worker="b")
        assert leases.renew(run) == set()

    def test_without_a_lease_touches_no_idle_run(self):
        queued = factories.run()
        assert leases.renew(queued) == set()
        queued.refresh_from_db()
        assert queued.lease_expires_at is None

    def test_tells_of_many_which_are_left(self, run, alice):
        stopped = factories.leased()
        runs.stop(stopped.pk, by=alice)

        assert leases.renew(run, stopped) == leases.kept(run, stopped) == {run.lease}


@pytest.fixture
def queued_again(monkeypatch):
    """The runs that were announced, in order."""
    told = []
    monkeypatch.setattr(
        events, "publish", lambda event: isinstance(event, events.RunQueued) and told.append(event.run_id)
    )
    return told


class TestHandBack:
    def test_queues_the_run_and_counts_no_loss(self, run, queued_again):
        leases.hand_back(run)

        run.refresh_from_db()
        assert (run.status, run.lease, run.losses) == (RunStatus.QUEUED, None, 0)
        assert history(run)[-1] == "run.handed_back"
        assert queued_again == [run.pk]

    def test_holds_a_run_that_a_person_wanted_held(self, run, alice):
        runs.pause(run.pk, by=alice)
        leases.hand_back(run)

        run.refresh_from_db()
        assert run.status == RunStatus.PAUSED

    def test_is_not_for_a_worker_that_has_lost_it(self, run, alice):
        runs.stop(run.pk, by=alice)

        with pytest.raises(LeaseLost):
            leases.hand_back(run)

    def test_at_a_gate_where_nobody_is_asked_saves_it_first(self, run, queued_again):
        passes = factories.proposal(ruling=Ruling.LET_THROUGH)

        assert gates.park(run, factories.state(), [passes], leaving=True)
        run.refresh_from_db()
        assert (run.status, run.checkpoints.count(), queued_again) == (RunStatus.QUEUED, 1, [run.pk])
        assert {"run.checkpoint_saved", "run.handed_back"} <= set(history(run))

    def test_at_a_gate_where_somebody_is_asked_leaves_it_to_them(self, run):
        assert gates.park(run, factories.state(), [factories.proposal()], leaving=True)

        run.refresh_from_db()
        assert run.status == RunStatus.AWAITING_REVIEW


class TestPassOn:
    def test_announces_the_run_again(self, queued_again):
        queued = factories.run()
        queued_again.clear()
        leases.pass_on(queued.pk)

        assert queued_again == [queued.pk]


class TestALostLease:
    VERBS = {
        "park": lambda run, call: gates.park(run, factories.state(), [factories.proposal()]),
        "park without a question": lambda run, call: gates.park(run, factories.state(), []),
        "ask_release": lambda run, call: gates.ask_release(run, factories.state(), "text", {}),
        "ask_outcome": lambda run, call: gates.ask_outcome(run, [call]),
        "complete": lambda run, call: gates.complete(run, "result", usage={}),
        "fail": lambda run, call: gates.fail(run, "code", "error"),
        "begin": lambda run, call: factories.begin(run, "other"),
        "finish": lambda run, call: tool_calls.finish(run, "started", "output"),
    }
    LOSSES = ["reclaimed", "taken by another", "stopped", "waiting", "completed"]

    @pytest.fixture
    def started(self, run):
        passing = [factories.proposal(call_id=one, ruling=Ruling.LET_THROUGH) for one in ("started", "other")]
        gates.park(run, factories.state(), passing)
        return factories.begin(run, "started")

    @pytest.mark.parametrize(
        ("verb", "loss"),
        [
            (verb, loss)
            for verb, loss in product(VERBS, LOSSES)
            if (verb, loss) not in {("finish", "stopped"), ("finish", "completed")}  # the book hears what came too late
        ],
    )
    def test_keeps_its_worker_from_writing(self, verb, loss, run, started, alice):
        stale = Run.objects.get(pk=run.pk)
        self.happen(loss, run, alice)
        before = (book(), Run.objects.values().get(pk=run.pk), list(run.tool_calls.values()), run.checkpoints.count())

        with pytest.raises(LeaseLost):
            self.VERBS[verb](stale, started)

        after = (book(), Run.objects.values().get(pk=run.pk), list(run.tool_calls.values()), run.checkpoints.count())
        assert after == before

    def happen(self, loss, run, alice):
        if loss == "stopped":
            runs.stop(run.pk, by=alice)
        elif loss == "completed":
            gates.complete(run, "done", usage={})
        elif loss == "waiting":
            gates.park(run, factories.state(), [factories.proposal()])
        else:
            lose(run)
            leases.reclaim_lost()
            if loss == "taken by another":
                leases.take(run.pk, worker="worker-2")


class TestReclaimLost:
    def test_queues_the_run_of_a_silent_worker(self, run, heard, django_capture_on_commit_callbacks):
        lose(run)
        with django_capture_on_commit_callbacks(execute=True):
            assert leases.reclaim_lost() == 1

        run.refresh_from_db()
        assert (run.status, run.lease, run.losses) == (RunStatus.QUEUED, None, 1)
        assert events.RunQueued(run.pk) in heard
        assert history(run)[-1] == "run.worker_lost"

    def test_leaves_a_worker_that_renews_alone(self, run):
        assert leases.reclaim_lost() == 0

    def test_holds_a_run_that_a_person_paused_and_says_so(self, run, alice):
        runs.pause(run.pk, by=alice)
        lose(run)
        leases.reclaim_lost()

        run.refresh_from_db()
        assert (run.status, run.lease) == (RunStatus.PAUSED, None)
        assert history(run)[-2:] == ["run.worker_lost", "run.paused"]

    def test_gives_up_on_a_run_that_kills_its_workers(self, run):
        for losses in range(1, leases.MAX_LOSSES + 1):
            lose(run)
            leases.reclaim_lost()
            run.refresh_from_db()
            assert run.losses == losses
            if losses < leases.MAX_LOSSES:
                run = leases.take(run.pk, worker=f"worker-{losses + 1}")

        assert (run.status, run.error_code) == (RunStatus.FAILED, "workers_lost")
        assert run.error == "5 workers in a row died on this run between two gates. The last was worker-5."
        assert history(run)[-2:] == ["run.worker_lost", "run.failed"]

    def test_counts_afresh_after_every_gate(self, run):
        lose(run)
        leases.reclaim_lost()
        again = leases.take(run.pk, worker="b")
        gates.park(again, factories.state(), [])
        run.refresh_from_db()
        assert run.losses == 0


class TestAnnounceWaiting:
    @pytest.fixture
    def forgotten(self):
        run = factories.run()
        Run.objects.filter(pk=run.pk).update(announced_at=timezone.now() - timedelta(minutes=1))
        return run

    def test_repeats_the_announcement_of_a_run_nobody_took(self, forgotten, heard, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            assert leases.announce_waiting() == 1
        assert heard == [events.RunQueued(forgotten.pk)]

    def test_waits_before_it_repeats_itself(self, forgotten):
        leases.announce_waiting()
        assert leases.announce_waiting() == 0

    def test_leaves_alone_what_waits_for_no_worker(self, forgotten, alice):
        runs.pause(forgotten.pk, by=alice)
        assert leases.announce_waiting() == 0

    def test_stands_in_for_a_process_that_died_after_its_commit(self, refund, alice):
        interventions.decide(refund.pk, by=alice, verdict=Verdict.APPROVE)  # and its on_commit never came
        Run.objects.filter(pk=refund.run_id).update(announced_at=timezone.now() - UNANNOUNCED_AFTER * 2)
        assert leases.announce_waiting() == 1
