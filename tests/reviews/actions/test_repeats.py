"""The loop guard: what was rejected is counted, and after so many times nobody is asked again."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reviews import audit
from reviews.actions import gates, interventions, leases, repeats
from reviews.audit.verify import Verified
from reviews.models import AuditEntry
from reviews.states import Kind, Ruling, RunStatus, ToolCallStatus, Verdict
from tests import factories
from tests.factories import ARGUMENTS, proposal, state
from tests.reviews.actions.conftest import book, ledger

OUTPUT = {"type": "object", "properties": {"output": {"type": "string"}}}


def taken(run):
    """The run, in the hands of a worker again."""
    run.refresh_from_db()
    return run if run.status == RunStatus.RUNNING else leases.take(run.pk, worker="worker-2")


def ask(run, *proposals, **more):
    """What the gate made of it, and its open questions."""
    parked = gates.park(taken(run), state(), proposals or [proposal()], **more)
    run.refresh_from_db()
    return parked, list(run.interventions.open().order_by("id"))


def rejected(run, by, times, note="No.", **changes):
    """The same proposal, rejected so many times."""
    for _ in range(times):
        _, (question,) = ask(run, proposal(**changes))
        interventions.decide(question.pk, by=by, verdict=Verdict.REJECT, note=note)


class TestCounting:
    def test_starts_at_none(self, refund):
        assert refund.rejections == 0
        assert repeats.rejections(refund) == []

    def test_counts_what_was_rejected_before(self, run, alice):
        rejected(run, alice, 2)

        _, (question,) = ask(run)

        assert question.rejections == 2
        assert [said.decided_by for said in repeats.rejections(question)] == [alice, alice]
        assert AuditEntry.objects.filter(action="intervention.opened").last().data.count('"rejected_before":2') == 1

    @pytest.mark.parametrize(
        "changes", [{"arguments": {**ARGUMENTS, "amount": 4821.0}}, {"tool": "other"}, {"agent": "Other"}]
    )
    def test_takes_other_arguments_tools_and_agents_for_something_else(self, run, alice, changes):
        rejected(run, alice, 2)

        _, (question,) = ask(run, proposal(**changes))

        assert question.rejections == 0

    def test_does_not_mind_how_the_arguments_are_written(self, run, alice):
        rejected(run, alice, 1, arguments={"customer_id": "C-88213", "amount": 4820})

        _, (question,) = ask(run, proposal(arguments={"amount": 4820.0, "customer_id": "C-88213"}))

        assert question.rejections == 1

    def test_counts_rejections_only(self, run, alice):
        rejected(run, alice, 1)
        _, (question,) = ask(run)
        interventions.decide(question.pk, by=alice, verdict=Verdict.OVERRIDE, replacement="done by hand")

        _, (question,) = ask(run)

        assert question.rejections == 1

    def test_looks_at_no_other_run(self, run, alice):
        rejected(run, alice, 3)

        assert factories.question().rejections == 0

    def test_asks_the_database_once_where_something_was_rejected_and_never_where_nothing_was(self, run, alice):
        def asked_for_counts():
            with CaptureQueriesContext(connection) as made:
                _, questions = ask(run)
            return questions[0], sum("COUNT(" in query["sql"] for query in made)

        question, before = asked_for_counts()
        interventions.decide(question.pk, by=alice, verdict=Verdict.REJECT)
        _, after = asked_for_counts()

        assert (before, after) == (0, 1)


class TestGivingUp:
    def test_ends_the_run_when_it_comes_once_more(self, run, alice):
        rejected(run, alice, 3, note="Not without a receipt.")

        parked, questions = ask(run, proposal(call_id="again"))

        assert (parked, questions) == (True, [])
        assert (run.status, run.error_code) == (RunStatus.FAILED, "repeated_proposal")
        assert "for the 4th time after it was rejected 3 times, last by alice" in run.error
        assert "“Not without a receipt.”" in run.error
        assert ledger(run)["again"] == ToolCallStatus.CANCELLED
        assert run.lease is None

    def test_says_so_in_the_book_as_the_policy(self, run, alice):
        rejected(run, alice, 3)
        ask(run)

        entry = AuditEntry.objects.last()
        assert (entry.action, entry.actor_type, entry.actor) == ("run.failed", "policy", "policy")
        assert '"code":"repeated_proposal"' in entry.data
        assert '"rejections":3' in entry.data
        assert isinstance(audit.verify(), Verified)

    def test_heeds_a_number_of_the_agents_own(self, run, alice):
        rejected(run, alice, 1)

        ask(run, max_rejections=1)

        assert run.error_code == "repeated_proposal"

    def test_heeds_the_setting(self, run, alice, settings):
        settings.FOUREYES_MAX_REJECTIONS = 2
        rejected(run, alice, 2)

        assert ask(run)[0] is True
        assert run.error_code == "repeated_proposal"

    def test_asks_about_nothing_beside_the_repeated_call(self, run, alice):
        rejected(run, alice, 3)

        _, questions = ask(run, proposal(tool="other", call_id="other"), proposal(call_id="again"))

        assert questions == []
        assert ledger(run)["other"] == ledger(run)["again"] == ToolCallStatus.CANCELLED
        assert book()[-2:] == ["run.checkpoint_saved", "run.failed"]

    def test_lets_through_what_a_rule_allows_however_often_it_was_rejected(self, run, alice):
        rejected(run, alice, 3)

        parked, _ = ask(run, proposal(ruling=Ruling.LET_THROUGH))

        assert parked is False
        assert run.status == RunStatus.RUNNING

    def test_counts_each_of_two_identical_calls_of_one_gate(self, run, alice):
        _, questions = ask(run, proposal(), proposal())
        for question in questions:
            interventions.decide(question.pk, by=alice, verdict=Verdict.REJECT)

        _, (third,) = ask(run)

        assert third.rejections == 2

    def test_ends_a_run_that_asks_a_declined_question_again(self, run, alice):
        asks = {"kind": Kind.QUESTION, "tool": "ask_human", "arguments": {"question": "May I?", "options": None}}
        rejected(run, alice, 3, **asks)

        ask(run, proposal(**asks))

        assert run.error_code == "repeated_proposal"

    def test_ends_a_run_whose_output_was_sent_back_as_often(self, run, alice):
        for _ in range(3):
            question = gates.ask_release(taken(run), state(), "Dear customer", OUTPUT)
            interventions.decide(question.pk, by=alice, verdict=Verdict.REJECT, note="Shorter.")
        assert gates.ask_release(taken(run), state(), "Dear customer", OUTPUT) is None

        run.refresh_from_db()
        assert run.error_code == "repeated_proposal"
        assert "the same output for the 4th time" in run.error

    def test_asks_about_an_output_that_has_changed(self, run, alice):
        for text in ("one", "two", "three"):
            question = gates.ask_release(taken(run), state(), text, OUTPUT)
            interventions.decide(question.pk, by=alice, verdict=Verdict.REJECT, note="Shorter.")

        assert gates.ask_release(taken(run), state(), "four", OUTPUT).rejections == 0


@pytest.mark.parametrize(
    ("number", "words"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (23, "23rd")]
)
def test_a_number_has_its_ending(number, words):
    assert repeats.ordinal(number) == words


@pytest.mark.parametrize(("number", "words"), [(1, "once"), (2, "twice"), (3, "3 times")])
def test_times_are_words(number, words):
    assert repeats.times(number) == words
