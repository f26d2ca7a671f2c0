"""Workers that know different things: a run goes to one that can go on with it, or waits visibly."""

import os
import signal
from datetime import timedelta

import pytest
from django.utils import timezone

from agents_runtime import fleet, registry
from reviews.actions import fleet as fleet_of
from reviews.actions import gates, leases, runs
from reviews.models import Checkpoint, Run, Worker
from reviews.states import Ruling, RunStatus
from tests import factories
from tests.agents_runtime import crew, play
from tests.agents_runtime.crews import Crew, status, until

POOLS = pytest.mark.parametrize("pool", ["threads", "prefork"])


class TestAbilities:
    def test_are_the_agents_of_this_process_and_the_states_of_its_sdk(self):
        able = fleet.abilities()

        assert able.agents["refunds"] == registry.get("refunds").version
        assert able.schema_version in able.schemas
        assert able.sdk_version.startswith("0.")


class TestAdvance:
    def build(self):
        return play.agent(lambda seen: "done")

    def test_leaves_what_another_can_run_to_the_other(self, stage):
        run = stage.submit(self.build)
        able = fleet.abilities()
        registry._entries.pop("actor")
        fleet_of.announce("other:1", 1, able)

        assert stage.advance(run).status == RunStatus.QUEUED

    def test_fails_loudly_once_nobody_could_for_long_enough(self, stage, settings):
        settings.FOUREYES_WAIT_FOR_WORKER = 600
        run = stage.submit(self.build)
        registry._entries.pop("actor")

        assert stage.advance(run).status == RunStatus.QUEUED
        Run.objects.filter(pk=run.pk).update(queued_at=timezone.now() - timedelta(seconds=601))
        run = stage.advance(run)
        assert (run.status, run.error_code) == (RunStatus.FAILED, "unknown_agent")

    def test_goes_on_where_a_worker_of_the_right_version_came_up_meanwhile(self, stage, settings):
        settings.FOUREYES_WAIT_FOR_WORKER = 600
        run = stage.submit(self.build)
        registry._entries.pop("actor")
        stage.advance(run)
        stage.register(self.build)

        assert stage.advance(run).status == RunStatus.COMPLETED


@pytest.fixture
def workers(transactional_db, alice):
    """Starts workers; none outlives the test."""
    started = Crew()
    yield started
    started.end()


def unreadable(by) -> Run:
    """A queued run whose state no SDK of today reads."""
    run = leases.take(runs.submit(crew.SLUG, crew.task(), by=by).pk, worker="future:1")
    gates.park(run, factories.state(), [factories.proposal(ruling=Ruling.LET_THROUGH)], leaving=True)
    Checkpoint.objects.filter(run=run).update(schema_version="99.0")
    return run


@POOLS
class TestAWorker:
    def test_is_listed_while_it_is_up(self, workers, pool):
        worker = workers.start(pool, 2)
        until(lambda: fleet_of.up().count() == (1 if pool == "threads" else 2), worker)
        listed = Worker.objects.all()[0]
        assert listed.agents[crew.SLUG] == "1"
        assert listed.places == (2 if pool == "threads" else 1)

        os.kill(worker.pid, signal.SIGTERM)
        until(lambda: worker.exit_code is not None)
        if pool == "threads":
            assert not fleet_of.up().exists()

    def test_refuses_to_start_where_it_is_too_old(self, workers, alice, pool):
        unreadable(alice)

        with pytest.raises(AssertionError, match="This worker is too old"):
            workers.start(pool, 2)

    def test_starts_when_told_that_this_is_meant_and_runs_what_it_can(self, workers, alice, pool):
        run = unreadable(alice)
        more = {"FOUREYES_ALLOW_MIXED_FLEET": "1", "FOUREYES_WAIT_FOR_WORKER": "600"}
        worker = workers.start(pool, 2, **more)
        other = runs.submit(crew.SLUG, crew.task(), by=alice)
        until(lambda: status(other) == RunStatus.COMPLETED, worker)

        queued = Run.objects.get(pk=run.pk)
        assert queued.status == RunStatus.QUEUED
        until(lambda: "reads states of schema 99.0" in fleet_of.waits_for(queued), worker)
