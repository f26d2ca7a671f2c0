"""What is known of a call beside its row."""

import pytest
from django.utils import timezone

from reviews import access
from reviews.actions import attempts, forks, gates, interventions, leases, runs, tool_calls
from reviews.actions.attempts import already_ran, asked_about, lineage, written
from reviews.models import CallIn, Event, Intervention, Membership, Run
from reviews.states import Kind, Ruling, Verdict
from tests import factories
from tests.factories import proposal, state
from tests.reviews import desk_data
from tests.reviews.actions.votes import asked, vote


def carried_out(question, alice, output="Receipt RF-1", *, error=""):
    """The run of that question, approved and executed; it goes on."""
    interventions.decide(question.pk, by=alice, verdict=Verdict.APPROVE)
    run = factories.leased(question.run, worker="worker-2")
    factories.begin(run, question.tool_call.call_id)
    tool_calls.finish(run, question.tool_call.call_id, output, error=error)
    return run


def asked_again(run, alice, number=None, **changes):
    """The question that a fork of the run asks, once more or of something else."""
    checkpoint = run.checkpoints.get(number=number) if number else run.checkpoints.latest("number")
    again = factories.leased(forks.fork(checkpoint.pk, by=alice))
    asked = proposal(**changes)
    gates.park(again, state("again"), [asked])
    return Intervention.objects.select_related("run", "tool_call").get(run=again)


class TestAskedAbout:
    def test_names_the_worker_that_began_the_moment_and_the_key(self):
        question = desk_data.unknown()

        account = asked_about(question)

        call = question.tool_call
        assert (account["worker"], account["idempotency_key"]) == ("worker-1", f"{question.run_id}:{call.call_id}")
        assert account["started_at"] == call.started_at.isoformat()

    def test_still_tells_of_the_first_attempt_when_a_second_has_begun(self, alice):
        question = desk_data.unknown()
        first = asked_about(question)

        interventions.decide(question.pk, by=alice, verdict=Verdict.APPROVE)
        factories.begin(factories.leased(question.run, worker="worker-2"), question.tool_call.call_id)

        assert asked_about(Intervention.objects.get(pk=question.pk)) == first

    def test_names_the_worker_of_that_attempt_and_not_the_one_that_asks(self, run):
        asked = proposal(ruling=Ruling.LET_THROUGH)
        gates.park(run, state(), [asked])
        call = factories.begin(run, asked.call_id)
        Run.objects.filter(pk=run.pk).update(lease_expires_at=run.created_at)
        leases.reclaim_lost()

        gates.ask_outcome(factories.leased(run, worker="worker-2"), [call])

        question = run.interventions.get()
        assert asked_about(question)["worker"] == "worker-1"
        assert question.why.startswith("The worker worker-1 that ran issue_refund (started ")

    def test_is_nothing_for_any_other_kind(self, refund, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert asked_about(refund) is None

    def test_makes_do_with_the_row_where_an_older_release_asked(self):
        question = desk_data.unknown()
        Event.objects.filter(kind=attempts.UNKNOWN).delete()

        assert asked_about(question)["worker"] == "worker-1"


class TestLineage:
    def test_leads_back_through_forks_and_retries(self, run, alice):
        gates.park(run, state(), [proposal()])
        fork = forks.fork(run.checkpoints.get().pk, by=alice)
        runs.stop(fork.pk, by=alice)
        again = runs.retry(fork.pk, by=alice)

        assert [one.pk for one in lineage(again)] == [fork.pk, run.pk]
        assert lineage(again, retries=False) == []

    def test_costs_nothing_for_a_run_of_its_own(self, run, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert lineage(run) == []


class TestWritten:
    def test_names_who_took_a_call_as_done(self, alice):
        question = desk_data.unknown()
        interventions.decide(question.pk, by=alice, verdict=Verdict.OVERRIDE, replacement="Paid.")

        assert written(question.run) == {question.tool_call.call_id: alice}

    def test_names_who_wrote_the_output_of_a_call_that_never_ran(self, refund, alice):
        interventions.decide(refund.pk, by=alice, verdict=Verdict.OVERRIDE, replacement="Paid by hand.")

        assert written(refund.run) == {refund.tool_call.call_id: alice}

    def test_names_who_put_the_output_to_the_vote_where_others_only_agreed(self, queue, alice, bob):
        question = asked()
        vote(question, alice, "override", replacement="Paid twice.")
        vote(question, bob, "override", replacement="Paid by hand.")
        assert written(question.run) == {}

        vote(question, alice)

        assert written(question.run) == {question.tool_call.call_id: bob}

    @pytest.mark.parametrize("verdict", [Verdict.APPROVE, Verdict.REJECT])
    def test_names_nobody_for_any_other_verdict(self, refund, alice, verdict):
        interventions.decide(refund.pk, by=alice, verdict=verdict)

        assert written(refund.run) == {}

    def test_knows_it_of_a_call_that_a_fork_has_copied(self, alice):
        question = desk_data.unknown()
        interventions.decide(question.pk, by=alice, verdict=Verdict.OVERRIDE, replacement="Paid.")
        gates.park(factories.leased(question.run), state("next"), [proposal()])

        fork = forks.fork(question.run.checkpoints.latest("number").pk, by=alice)

        assert written(fork) == {question.tool_call.call_id: alice}

    def test_claims_it_of_no_call_that_the_fork_judges_anew(self, refund, alice):
        fork = forks.fork(refund.checkpoint_id, by=alice)
        interventions.decide(refund.pk, by=alice, verdict=Verdict.OVERRIDE, replacement="Paid by hand.")

        assert written(fork) == {}


class TestAlreadyRan:
    def test_finds_the_same_call_in_the_run_it_was_forked_from(self, refund, alice):
        carried_out(refund, alice)

        (found,) = already_ran(asked_again(refund.run, alice))

        assert (found.call, found.call.output, found.has_same_arguments) == (refund.tool_call, "Receipt RF-1", True)
        assert found.written_by is None

    def test_finds_the_call_of_the_copied_gate_also_where_it_ran_with_edited_arguments(self, refund, alice):
        call_id = refund.tool_call.call_id
        edited = {"customer_id": "C-88213", "amount": 48.2}
        interventions.decide(refund.pk, by=alice, verdict=Verdict.EDIT, replacement=edited)
        factories.begin(factories.leased(refund.run), call_id)

        (found,) = already_ran(asked_again(refund.run, alice, number=1, call_id=call_id))

        assert (found.arguments, found.has_same_arguments) == (edited, False)

    def test_finds_it_through_a_fork_of_a_fork_once(self, refund, alice):
        carried_out(refund, alice)
        between = asked_again(refund.run, alice)

        (found,) = already_ran(asked_again(between.run, alice))

        assert found.call == refund.tool_call

    def test_finds_it_in_the_run_that_is_retried(self, refund, alice):
        run = carried_out(refund, alice)
        gates.fail(run, "model_error", "no answer")
        again = factories.leased(runs.retry(run.pk, by=alice))

        (found,) = already_ran(factories.question(again))

        assert found.call.run_id == run.pk

    def test_says_so_where_a_person_wrote_what_came_back(self, alice):
        question = desk_data.unknown()
        interventions.decide(question.pk, by=alice, verdict=Verdict.OVERRIDE, replacement="Paid.")

        (found,) = already_ran(asked_again(question.run, alice))

        assert (found.written_by, found.call.output) == (alice, "Paid.")

    @pytest.mark.parametrize("other", [{"arguments": {"customer_id": "C-1", "amount": 1.0}}, {"tool": "send_email"}])
    def test_finds_nothing_where_something_else_is_asked(self, refund, alice, other):
        carried_out(refund, alice)

        assert already_ran(asked_again(refund.run, alice, **other)) == []

    def test_finds_nothing_that_never_began(self, refund, alice):
        interventions.decide(refund.pk, by=alice, verdict=Verdict.REJECT)

        assert already_ran(asked_again(refund.run, alice)) == []

    def test_tells_a_reader_nothing_of_a_run_that_they_may_not_read(self, refund, alice, bob):
        carried_out(refund, alice)
        question = asked_again(refund.run, alice)
        legal = factories.queue("legal")
        Membership.objects.create(queue=legal, user=bob)
        Run.objects.filter(pk=refund.run_id).update(queue=legal)
        Intervention.objects.filter(pk=refund.pk).update(queue=legal)

        assert already_ran(Intervention.objects.get(pk=question.pk), alice) == []
        assert [found.call for found in already_ran(question, bob)] == [refund.tool_call]
        assert [found.call for found in already_ran(question)] == [refund.tool_call]

    def test_tells_nothing_of_that_run_to_who_was_called_in_about_this_question(self, refund, alice, charlie):
        carried_out(refund, alice)
        question = asked_again(refund.run, alice)
        CallIn.objects.create(intervention=question, user=charlie, level=1, at=timezone.now())

        assert access.visible_interventions(charlie).get() == question
        assert already_ran(question, charlie) == []

    def test_asks_the_database_nothing_for_an_ordinary_run(self, refund, django_assert_num_queries):
        assert refund.run.fork_of_id is None and refund.kind == Kind.TOOL_APPROVAL and refund.tool_call
        with django_assert_num_queries(0):
            assert already_ran(refund) == []
