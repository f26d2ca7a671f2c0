"""manage.py show: a run or a question by the start of its id, for those who may see it."""

from uuid import UUID

import pytest

from reviews import shapes
from reviews.actions import forks, gates, interventions, leases, runs, tool_calls
from reviews.management.cli import Misused, Refused
from reviews.models import Run
from reviews.states import Kind, Verdict
from tests import factories
from tests.reviews import desk_data
from tests.reviews.management.shell import call, told


@pytest.fixture
def refund(alice, bob):
    return factories.question()


@pytest.fixture
def finished(refund, alice):
    """The run of a refund that alice edited and a worker carried out."""
    cheaper = {"customer_id": "C-88213", "amount": 48.2}
    interventions.decide(
        refund.pk, by=alice, verdict=Verdict.EDIT, replacement=cheaper, reason="A typing error.", context="Ship it."
    )
    run = leases.take(refund.run_id, worker="worker-2")
    factories.begin(run, refund.tool_call.call_id)
    tool_calls.finish(run, refund.tool_call.call_id, "Receipt RF-1")
    gates.complete(run, "Refunded 48.20.", usage={"total_tokens": 7})
    return Run.objects.get(pk=run.pk)


class TestShowRun:
    def test_tells_programs_what_was_proposed_executed_and_said(self, finished, refund):
        run = told("show", finished.pk)

        assert (run["id"], run["agent"], run["status"]) == (str(finished.pk), "clerk", "completed")
        assert (run["result"], run["error"], run["usage"]) == ("Refunded 48.20.", None, {"total_tokens": 7})
        (made,) = run["tool_calls"]
        assert made["call_id"] == refund.tool_call.call_id
        assert (made["tool"], made["status"], made["output"]) == ("issue_refund", "done", "Receipt RF-1")
        assert (made["proposed"]["amount"], made["executed"]["amount"]) == (4820.0, 48.2)
        (asked,) = run["interventions"]
        assert (asked["id"], asked["outcome"], asked["verdicts"]) == (str(refund.pk), "edited", [])
        (said,) = asked["decisions"]
        assert (said["by"], said["verdict"], said["reason"]) == ("alice", "edit", "A typing error.")
        assert said["replacement"] == made["executed"]

    def test_tells_the_history_in_order(self, finished):
        events = told("show", finished.pk)["events"]

        assert [line["seq"] for line in events] == sorted(line["seq"] for line in events)
        assert (events[0]["kind"], events[-1]["kind"]) == ("run.submitted", "run.completed")
        edit = next(line for line in events if line["kind"] == "intervention.edit")
        assert (edit["actor_type"], edit["actor"]) == ("user", "alice")

    def test_is_bounded_and_says_what_it_left_out(self, finished, monkeypatch):
        total = finished.events.count()
        monkeypatch.setattr("reviews.shapes.MOST", 2)

        run = told("show", finished.pk)

        assert [line["kind"] for line in run["events"]][-1] == "run.completed"
        assert len(run["events"]) == 2
        assert run["left_out"] == {"tool_calls": 0, "interventions": 0, "events": total - 2}

    def test_is_a_page_for_people(self, finished, refund):
        page = call("show", finished.pk)

        for word in ("completed", "Refunded 48.20.", "issue_refund", "48.2", "edited", "run.completed", "system"):
            assert word in page

    def test_says_why_a_run_failed(self, alice):
        run = factories.leased()
        gates.fail(run, "max_turns", "The agent used all of its 50 turns.")

        assert "The agent used all of its 50 turns." in call("show", run.pk)
        assert told("show", run.pk)["error_code"] == "max_turns"

    def test_says_that_a_run_is_about_to_pause(self, alice):
        run = factories.leased()
        runs.pause(run.pk, by=alice)

        assert "will pause at its next gate" in call("show", run.pk)

    def test_says_that_a_run_at_a_gate_pauses_after_the_decision(self, alice):
        asked = factories.question()
        runs.pause(asked.run_id, by=alice)

        assert "will pause after the decision" in call("show", asked.run_id)

    def test_lets_no_text_of_an_agent_steer_the_terminal(self, alice):
        run = factories.leased()
        gates.complete(run, "\x1b[2JGone\u202e", usage={})

        page = call("show", run.pk)
        assert "Gone" in page
        assert not {"\x1b", "\u202e"} & set(page)
        assert "\\u202e" in call("show", run.pk, "--json")


class TestShowQuestion:
    def test_tells_programs_the_schema_and_the_decisions(self, refund):
        asked = told("show", refund.pk)

        assert asked["schema"] == factories.SCHEMA
        assert (asked["decisions"], asked["rule"]) == ([], "Refund over 200")
        assert (asked["status"], asked["run_status"]) == ("pending", "awaiting_review")

    def test_tells_people_why_and_how_to_decide(self, refund):
        page = call("show", refund.pk, "--as", "bob")

        assert "amount is 4820, more than 200" in page
        assert f"decide {str(refund.pk)[:8]} approve|edit|override|reject --as USERNAME" in page

    def test_shows_the_decision_instead_of_the_hint(self, refund, alice):
        interventions.decide(refund.pk, by=alice, verdict=Verdict.REJECT, note="Ask first.")

        page = call("show", refund.pk)
        assert "reject by alice" in page
        assert "Ask first." in page
        assert "Decide:" not in page

    def test_writes_a_question_with_its_choices(self, alice):
        asked = factories.question(kind=Kind.QUESTION, arguments={"question": "Whom?", "options": ["Ada", "Bo"]})

        assert "The agent asks\n  Whom?\n  - Ada\n  - Bo" in call("show", asked.pk)

    def test_writes_a_final_output_as_text(self, alice):
        memo = gates.ask_release(factories.leased(), factories.state(), "Dear Ada,\n\nyes.", {})

        assert "Output\n  Dear Ada,\n" in call("show", memo.pk)

    def test_writes_arguments_as_json(self, refund):
        page = call("show", refund.pk)

        assert "Arguments\n  {\n" in page  # in an order of the database's choosing
        assert '\n    "customer_id": "C-88213"' in page


class TestShowUnknownOutcome:
    @pytest.fixture
    def unknown(self, alice):
        return desk_data.unknown()

    def test_says_what_each_verdict_does_there(self, unknown):
        page, means = " ".join(call("show", unknown.pk).split()), told("show", unknown.pk)["means"]

        assert list(means) == ["approve", "override", "reject"]
        assert f"approve {means['approve']}" in page and "runs again" in means["approve"]
        assert f"override --output {means['override']}" in page and means["override"].startswith("It happened")

    def test_names_the_worker_the_moment_and_the_key(self, unknown):
        call_row = unknown.tool_call
        attempt = told("show", unknown.pk)["attempt"]
        page = call("show", unknown.pk)

        assert (attempt["worker"], attempt["idempotency_key"]) == ("worker-1", call_row.idempotency_key)
        assert attempt["started_at"] == shapes.moment(call_row.started_at)
        assert "worker-1" in page and call_row.idempotency_key in page

    def test_marks_an_output_that_a_person_wrote(self, unknown, alice):
        interventions.decide(unknown.pk, by=alice, verdict=Verdict.OVERRIDE, replacement="Paid by hand.")

        (made,) = told("show", unknown.run_id)["tool_calls"]
        assert (made["status"], made["output"], made["output_by"]) == ("done", "Paid by hand.", "alice")
        assert "done, output by alice" in call("show", unknown.run_id)

    def test_calls_no_run_again_an_approval_without_more_words(self, unknown, alice):
        interventions.decide(unknown.pk, by=alice, verdict=Verdict.APPROVE)

        page = call("show", unknown.run_id)
        assert "approved: run again" in page
        assert "intervention.approve: told to run again" in page
        assert "tool_call.unknown" in page


class TestShowFork:
    def test_says_that_the_same_already_ran_where_it_comes_from(self, finished, refund, alice):
        again = factories.leased(forks.fork(refund.checkpoint_id, by=alice))
        gates.park(again, factories.state("again"), [factories.proposal(call_id=refund.tool_call.call_id)])
        question = again.interventions.get()

        (ran,) = told("show", question.pk)["already_ran"]
        page = call("show", question.pk)

        assert (ran["run"], ran["status"], ran["output"]) == (str(finished.pk), "done", "Receipt RF-1")
        assert "Already ran, before this run" in page and "Receipt RF-1" in page


class TestLookup:
    def test_finds_a_row_by_the_start_of_its_id(self, refund):
        assert told("show", str(refund.pk)[:12])["id"] == str(refund.pk)
        assert told("show", refund.run_id.hex[:12].upper())["id"] == str(refund.run_id)

    def test_refuses_a_start_that_several_share(self, refund):
        twins = [UUID(int=0xABCD << 112), UUID(int=(0xABCD << 112) + 1)]
        for twin in twins:
            run = factories.run()
            Run.objects.filter(pk=run.pk).delete()
            Run.objects.create(
                **{field.attname: getattr(run, field.attname) for field in Run._meta.fields} | {"id": twin}
            )

        with pytest.raises(Refused, match="Several ids start with abcd") as refused:
            call("show", "abcd")
        assert refused.value.code == "ambiguous"
        assert all(str(twin) in str(refused.value) for twin in twins)

    @pytest.mark.parametrize("wrong", ["abc", "refund", "", "f" * 33])
    def test_calls_what_is_no_id_bad_usage(self, db, wrong):
        with pytest.raises(Misused, match="is not an id"):
            call("show", wrong)

    def test_refuses_what_is_not_there(self, db):
        with pytest.raises(Refused) as refused:
            call("show", "0123abcd")
        assert (refused.value.code, refused.value.returncode) == ("not_found", 1)

    def test_tells_charlie_the_same_as_if_nothing_were_there(self, refund, charlie):
        for hidden in (refund.pk, refund.run_id):
            with pytest.raises(Refused, match=f"Nothing that you may see has the id {hidden}"):
                call("show", hidden, "--as", "charlie")

    def test_does_not_let_hidden_rows_make_a_start_ambiguous(self, refund, charlie):
        with pytest.raises(Refused) as refused:
            call("show", str(refund.pk)[:4], "--as", "charlie")
        assert refused.value.code == "not_found"
