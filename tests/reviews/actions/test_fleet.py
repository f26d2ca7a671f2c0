"""Who is up, what each can run, and what a run waits for that nobody offers."""

from datetime import timedelta

import pytest
from django.utils import timezone

from reviews.actions import fleet, gates, leases, runs
from reviews.actions.fleet import Abilities, Need, TooOld
from reviews.models import Checkpoint, Run, Worker
from reviews.states import Ruling, RunStatus
from tests import factories

THIS, NEXT = factories.STATE_SCHEMA, "99.0"
ABLE = Abilities({factories.AGENT: "1"}, frozenset({THIS}), THIS, "0.24.0")
NEWER = Abilities({factories.AGENT: "2"}, frozenset({THIS, NEXT}), NEXT, "0.25.0")
STRANGER = Abilities({"other": "1"}, frozenset({THIS}), THIS, "0.24.0")


@pytest.fixture
def begun():
    """A queued run with a checkpoint of version 1 and this release's schema."""
    run = factories.leased()
    gates.park(run, factories.state(), [factories.proposal(ruling=Ruling.LET_THROUGH)], leaving=True)
    run.refresh_from_db()
    return run


def of_schema(run, schema):
    Checkpoint.objects.filter(run=run).update(schema_version=schema)
    return run


class TestTake:
    @pytest.mark.parametrize("able", [ABLE, NEWER])
    def test_gives_a_run_that_has_not_begun_to_whoever_knows_its_agent(self, able):
        assert leases.take(factories.run().pk, worker="a", able=able)

    def test_leaves_a_run_of_an_unknown_agent_queued(self):
        run = factories.run()

        assert leases.take(run.pk, worker="a", able=STRANGER) is None
        run.refresh_from_db()
        assert run.status == RunStatus.QUEUED

    def test_gives_a_run_that_has_begun_to_its_own_version(self, begun):
        assert leases.take(begun.pk, worker="a", able=NEWER) is None
        assert leases.take(begun.pk, worker="a", able=ABLE)

    def test_leaves_a_state_it_cannot_read_to_another(self, begun):
        of_schema(begun, NEXT)

        assert leases.take(begun.pk, worker="a", able=ABLE) is None
        both = Abilities({factories.AGENT: "1"}, frozenset({THIS, NEXT}))
        assert leases.take(begun.pk, worker="a", able=both)

    def test_asks_the_newest_checkpoint_only(self, begun):
        first = begun.checkpoints.get()
        Checkpoint.objects.filter(pk=first.pk).update(asked=True, schema_version="0")
        run = leases.take(begun.pk, worker="a")
        gates.park(run, factories.state(), [factories.proposal(ruling=Ruling.LET_THROUGH)], leaving=True)

        assert begun.checkpoints.count() == 2
        assert leases.take(begun.pk, worker="a", able=ABLE)

    def test_needs_no_further_statement_to_tell(self, begun, django_assert_max_num_queries):
        with django_assert_max_num_queries(3):  # an update that finds nothing, and its frame or a second look
            assert leases.take(begun.pk, worker="a", able=STRANGER) is None


class TestAnnounce:
    def test_shows_a_worker_while_it_gives_signs_of_life(self, settings):
        fleet.announce("here:1", 50, ABLE)
        settings.FOUREYES_LEASE_SECONDS = 60
        assert [worker.name for worker in fleet.up()] == ["here:1"]

        Worker.objects.update(seen_at=timezone.now() - timedelta(seconds=61))
        assert not fleet.up().exists()

    def test_says_again_what_may_have_changed_and_keeps_since_when(self):
        fleet.announce("here:1", 50, ABLE)
        since = Worker.objects.get().started_at
        fleet.announce("here:1", 50, NEWER)

        worker = Worker.objects.get()
        assert (worker.agents, worker.schema_version, worker.started_at) == ({factories.AGENT: "2"}, NEXT, since)

    def test_forgets_those_that_are_long_gone(self):
        fleet.announce("gone:1", 1, ABLE)
        Worker.objects.update(seen_at=timezone.now() - timedelta(hours=2))
        fleet.announce("here:1", 1, ABLE)

        assert [worker.name for worker in Worker.objects.all()] == ["here:1"]

    def test_ends_with_leaving(self):
        fleet.announce("here:1", 1, ABLE)
        fleet.leave("here:1")

        assert not Worker.objects.exists()


class TestWaitsFor:
    def test_says_nothing_where_a_worker_can_take_the_run(self, begun):
        fleet.announce("new:1", 1, NEWER)
        fleet.announce("old:1", 1, ABLE)

        assert fleet.waits_for(begun) == ""

    def test_says_nothing_of_a_run_that_is_not_queued(self, run):
        assert fleet.waits_for(run) == ""

    def test_names_the_version_that_nobody_has(self, begun):
        for number in range(3):
            fleet.announce(f"new:{number}", 1, NEWER)

        said = fleet.waits_for(begun)
        assert said == f"Waits for a worker that knows {factories.AGENT} version 1 (3 workers are up, none does)"

    def test_names_the_agent_that_nobody_has(self):
        fleet.announce("here:1", 1, STRANGER)

        said = fleet.waits_for(factories.run())
        assert said == f"Waits for a worker that knows {factories.AGENT} (1 worker is up, none does)"

    def test_names_the_schema_that_nobody_reads(self, begun):
        fleet.announce("here:1", 1, ABLE)

        assert f"reads states of schema {NEXT}" in fleet.waits_for(of_schema(begun, NEXT))

    def test_says_so_where_nobody_is_up(self, begun):
        assert fleet.waits_for(begun) == "Waits for a worker; none is up"


class TestIsStranded:
    def test_is_true_at_once_where_waiting_is_not_wanted(self, begun, settings):
        settings.FOUREYES_WAIT_FOR_WORKER = 0
        fleet.announce("new:1", 1, NEWER)

        assert fleet.is_stranded(begun.pk)

    def test_is_false_where_somebody_can_take_it(self, begun, settings):
        settings.FOUREYES_WAIT_FOR_WORKER = 0
        fleet.announce("new:1", 1, NEWER)
        fleet.announce("old:1", 1, ABLE)

        assert not fleet.is_stranded(begun.pk)

    def test_is_false_until_it_has_waited_long_enough(self, begun, settings):
        settings.FOUREYES_WAIT_FOR_WORKER = 600
        assert not fleet.is_stranded(begun.pk)

        Run.objects.filter(pk=begun.pk).update(queued_at=timezone.now() - timedelta(seconds=601))
        assert fleet.is_stranded(begun.pk)

    def test_is_false_for_a_run_that_somebody_has(self, run, settings):
        settings.FOUREYES_WAIT_FOR_WORKER = 0

        assert not fleet.is_stranded(run.pk)


class TestDecline:
    def test_lets_the_clock_announce_it_soon(self, begun):
        fleet.decline(begun.pk)
        assert leases.announce_waiting() == 0

        Run.objects.filter(pk=begun.pk).update(announced_at=Run.objects.get(pk=begun.pk).announced_at - timedelta(0, 3))
        assert leases.announce_waiting() == 1


class TestRequireNotOlder:
    def test_lets_a_worker_start_that_reads_everything(self, begun):
        fleet.announce("old:1", 1, ABLE)
        fleet.require_not_older(NEWER)

    def test_refuses_one_that_cannot_read_an_open_run(self, begun):
        of_schema(begun, NEXT)

        with pytest.raises(TooOld, match=r"1 open run\(s\) have states .* SDK 0.24.0 cannot read"):
            fleet.require_not_older(ABLE)

    def test_cares_about_no_run_that_has_ended(self, begun, alice):
        runs.stop(of_schema(begun, NEXT).pk, by=alice)
        fleet.require_not_older(ABLE)

    def test_refuses_one_that_could_not_read_what_another_writes(self):
        fleet.announce("new:1", 1, NEWER)

        with pytest.raises(TooOld, match="the worker new:1 writes states"):
            fleet.require_not_older(ABLE)


def test_a_need_without_a_checkpoint_is_the_agent_alone():
    assert ABLE.suit(Need(factories.AGENT))
    assert not ABLE.suit(Need("other"))
    assert not ABLE.suit(Need(factories.AGENT, "2"))
    assert not ABLE.suit(Need(factories.AGENT, "1", NEXT))
