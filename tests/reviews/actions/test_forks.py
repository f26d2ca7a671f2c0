"""What running again from a checkpoint makes: who may, from where, and what it leaves alone."""

import json

import pytest
from django.core.exceptions import PermissionDenied

from reviews import catalog
from reviews.actions import Conflict, forks, gates, interventions, leases, tool_calls
from reviews.events import RunQueued
from reviews.models import AuditEntry, Checkpoint, Run
from reviews.states import Ruling, RunStatus, ToolCallStatus, Verdict
from tests import factories
from tests.factories import proposal, state
from tests.reviews.actions.conftest import book, ledger


@pytest.fixture
def passed(run):
    """A run with one call done, one refused by a rule, an agent it is still inside of, and then a question."""
    done = proposal(call_id="done", ruling=Ruling.LET_THROUGH)
    refused = proposal(call_id="refused", ruling=Ruling.REFUSED)
    agent = proposal(call_id="agent", ruling=Ruling.LET_THROUGH, is_agent=True)
    gates.park(run, state(), [done, refused, agent])
    tool_calls.begin(run, "done", "issue_refund")
    tool_calls.finish(run, "done", "ok")
    tool_calls.begin(run, "agent", "issue_refund")
    gates.park(run, state('{"state": 2}'), [proposal(call_id="asked")])
    run.refresh_from_db()
    return run


@pytest.fixture
def checkpoint(passed):
    return passed.checkpoints.latest("number")


class TestFork:
    def test_is_a_queued_run_that_names_its_origin(self, checkpoint, alice, heard, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            run = forks.fork(checkpoint.pk, by=alice)

        assert (run.status, run.fork_of, run.forked_at) == (RunStatus.QUEUED, checkpoint.run, checkpoint.number)
        assert (run.input, run.queue, run.started_by) == (checkpoint.run.input, checkpoint.run.queue, alice)
        assert run.trace_id != checkpoint.run.trace_id
        assert RunQueued(run.pk) in heard

    def test_has_a_copy_of_the_state(self, checkpoint, alice):
        copy = forks.fork(checkpoint.pk, by=alice).checkpoints.get()

        assert (copy.number, copy.unpack()) == (1, '{"state": 2}')
        assert copy.agent_version == checkpoint.agent_version

    def test_remembers_what_the_state_relies_on_and_nothing_that_waited(self, checkpoint, alice):
        run = forks.fork(checkpoint.pk, by=alice)

        assert ledger(run) == {"done": "done", "refused": "refused", "agent": "approved"}
        assert run.tool_calls.get(call_id="done").output == "ok"

    def test_remembers_it_as_it_was_also_when_more_has_happened_since(self, passed, checkpoint, alice):
        interventions.decide(passed.interventions.get().pk, by=alice, verdict=Verdict.REJECT)
        owner = leases.take(passed.pk, worker="w")
        tool_calls.finish(owner, "agent", "came back later")

        run = forks.fork(checkpoint.pk, by=alice)

        agent = run.tool_calls.get(call_id="agent")
        assert (agent.status, agent.output, agent.finished_at) == (ToolCallStatus.APPROVED, None, None)
        assert "asked" not in ledger(run)

    def test_changes_nothing_in_the_run_it_comes_from(self, passed, checkpoint, alice):
        before = (ledger(passed), passed.status, passed.checkpoints.count(), passed.interventions.get().status)

        forks.fork(checkpoint.pk, by=alice)

        passed.refresh_from_db()
        assert (ledger(passed), passed.status, passed.checkpoints.count(), passed.interventions.get().status) == before

    def test_stands_in_the_book_with_its_origin(self, checkpoint, alice):
        run = forks.fork(checkpoint.pk, by=alice)

        entry = AuditEntry.objects.last()
        assert (entry.action, entry.actor, entry.run) == ("run.forked", "alice", str(run.pk))
        data = json.loads(entry.data)
        assert (data["fork_of"], data["checkpoint"]) == (str(checkpoint.run_id), checkpoint.number)
        assert data["digest"] == checkpoint.digest

    def test_outlives_the_checkpoint_it_comes_from(self, run, alice):
        gates.park(run, state(), [proposal(call_id="c1", ruling=Ruling.LET_THROUGH)])
        again = forks.fork(run.checkpoints.get().pk, by=alice)
        gates.park(run, state(), [proposal(call_id="c2", ruling=Ruling.LET_THROUGH)])

        again.refresh_from_db()
        assert (again.fork_of, again.forked_at) == (run, 1)
        assert not run.checkpoints.filter(number=1).exists()


class TestRefusal:
    def test_of_another_version(self, checkpoint, alice):
        factories.card(version="2")

        with pytest.raises(Conflict, match="written by version 1 of Clerk; today that agent is version 2"):
            forks.fork(checkpoint.pk, by=alice)

    def test_of_an_agent_that_is_gone(self, checkpoint, alice):
        catalog.withdraw(factories.AGENT)

        with pytest.raises(catalog.UnknownAgent):
            forks.fork(checkpoint.pk, by=alice)

    @pytest.mark.parametrize("somebody", ["charlie", "otto"])
    def test_of_who_may_not_operate_the_run(self, checkpoint, somebody, request):
        with pytest.raises(PermissionDenied):
            forks.fork(checkpoint.pk, by=request.getfixturevalue(somebody))

        assert Run.objects.count() == 1
        assert "run.forked" not in book()

    def test_of_a_state_that_cannot_be_read(self, checkpoint, alice):
        Checkpoint.objects.filter(pk=checkpoint.pk).update(digest="0" * 64)

        with pytest.raises(Conflict, match="Nothing can go on from it"):
            forks.fork(checkpoint.pk, by=alice)

        assert Run.objects.count() == 1

    def test_of_what_is_not_there(self, alice):
        with pytest.raises(PermissionDenied):
            forks.fork(4711, by=alice)
