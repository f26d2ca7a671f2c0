"""The Celery tasks, called as a worker calls them."""

from datetime import timedelta

import pytest
from agents import function_tool
from django.db import DatabaseError
from django.utils import timezone

from agents_runtime import tasks
from reviews import events
from reviews.actions import absences, firing, gates, holding, leases
from reviews.models import Checkpoint, Run, ShadowRuling, Timer
from reviews.states import InterventionStatus, Ruling, RunStatus
from tests import factories
from tests.agents_runtime import play
from tests.agents_runtime.play import call, first


class TestAdvanceRun:
    def test_takes_the_run_as_far_as_it_goes(self, stage):
        run = stage.submit(lambda: play.agent(lambda seen: "done"))

        tasks.advance_run(str(run.pk))

        run.refresh_from_db()
        assert (run.status, run.result) == (RunStatus.COMPLETED, "done")

    def test_delivered_twice_runs_no_tool_twice(self, stage):
        ran = []

        @function_tool
        def pay() -> str:
            ran.append(1)
            return "paid"

        run = stage.submit(lambda: play.agent(first(call("pay")), pay))

        tasks.advance_run(str(run.pk))
        tasks.advance_run(str(run.pk))

        assert ran == [1]

    def test_is_given_back_when_its_worker_dies(self):
        assert (tasks.advance_run.acks_late, tasks.advance_run.reject_on_worker_lost) == (True, True)


class TestSweep:
    def test_takes_back_a_run_whose_worker_fell_silent(self, db):
        run = factories.leased()
        Run.objects.filter(pk=run.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))

        tasks.sweep()

        run.refresh_from_db()
        assert run.status == RunStatus.QUEUED

    def test_announces_again_what_nobody_took(self, db, monkeypatch):
        run = factories.run()
        Run.objects.filter(pk=run.pk).update(announced_at=timezone.now() - timedelta(minutes=1))
        told = []
        monkeypatch.setattr(events, "publish", told.append)

        tasks.sweep()

        assert told == [events.RunQueued(run.pk)]

    def test_gives_each_part_its_turn_whatever_became_of_the_others(self, db, monkeypatch):
        def fail():
            raise DatabaseError("no answer")

        refund, waiting = factories.question(), factories.run()
        Timer.objects.filter(kind=Timer.Kind.EXPIRE).update(due_at=timezone.now())
        Run.objects.filter(pk=waiting.pk).update(announced_at=timezone.now() - timedelta(minutes=1))
        for module, part in ((leases, "reclaim_lost"), (holding, "wake")):
            monkeypatch.setattr(module, part, fail)

        with pytest.raises(DatabaseError):
            tasks.sweep()

        waiting.refresh_from_db()
        refund.refresh_from_db()
        assert timezone.now() - waiting.announced_at < timedelta(seconds=30)
        assert refund.status == InterventionStatus.EXPIRED

    def test_fires_the_timers_before_anything_else(self, db, monkeypatch):
        order = []
        for module, part in ((firing, "fire_due"), (leases, "reclaim_lost"), (absences, "cover")):
            monkeypatch.setattr(module, part, lambda *_, part=part: order.append(part))

        tasks.sweep()

        assert order == ["fire_due", "reclaim_lost", "cover"]

    def test_leaves_alone_what_goes_well(self, db):
        run = factories.leased()

        tasks.sweep()

        run.refresh_from_db()
        assert run.status == RunStatus.RUNNING


class TestPrune:
    @pytest.fixture
    def over(self, db, settings):
        """A run that ended ten days ago, with two checkpoints."""
        settings.FOUREYES_KEEP_ALL_CHECKPOINTS = True
        run = factories.leased()
        for _ in range(2):
            gates.park(run, factories.state(), [factories.proposal(ruling=Ruling.LET_THROUGH)])
        gates.complete(run, "done", usage={})
        Run.objects.filter(pk=run.pk).update(finished_at=timezone.now() - timedelta(days=10))

    @pytest.mark.parametrize(("days", "left"), [(None, 2), (30, 2), (9, 1)])
    def test_removes_what_the_setting_no_longer_keeps(self, over, settings, days, left):
        settings.FOUREYES_CHECKPOINT_DAYS = days
        tasks.prune()
        assert Checkpoint.objects.count() == left

    @pytest.mark.parametrize(("days", "left"), [(30, 1), (9, 0)])
    def test_removes_old_rulings_of_policies_in_shadow(self, db, settings, days, left):
        factories.shadow_ruling(timezone.now() - timedelta(days=10))
        settings.FOUREYES_SHADOW_DAYS = days
        tasks.prune()
        assert ShadowRuling.objects.count() == left

    def test_is_on_the_clock(self, settings):
        assert tasks.prune.name in {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
