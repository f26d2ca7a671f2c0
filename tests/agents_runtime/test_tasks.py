"""The Celery tasks, called as a worker calls them."""

from datetime import timedelta

from agents import function_tool
from django.utils import timezone

from agents_runtime import tasks
from reviews import events
from reviews.models import Run
from reviews.states import RunStatus
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

    def test_leaves_alone_what_goes_well(self, db):
        run = factories.leased()

        tasks.sweep()

        run.refresh_from_db()
        assert run.status == RunStatus.RUNNING
