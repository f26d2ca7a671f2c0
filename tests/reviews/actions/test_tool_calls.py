"""The ledger of side effects."""

import json
import uuid

import pytest

from reviews.actions import gates, runs, tool_calls
from reviews.actions.errors import LeaseLost
from reviews.actions.tool_calls import NotApproved, ToolChanged
from reviews.models import AuditEntry, Run
from reviews.states import Ruling, ToolCallStatus
from tests import factories
from tests.reviews.actions.conftest import book


@pytest.fixture
def call(run):
    """A call that was let through."""
    gates.park(run, factories.state(), [factories.proposal(call_id="c1", ruling=Ruling.LET_THROUGH)])
    return run.tool_calls.get()


def stand(call, status):
    """Put the call where only a fault could."""
    type(call).objects.filter(pk=call.pk).update(status=status)


class TestBegin:
    def test_marks_the_call_before_it_runs(self, run, call):
        begun = factories.begin(run, "c1")

        call.refresh_from_db()
        assert (begun.status, call.status) == (ToolCallStatus.STARTED, ToolCallStatus.STARTED)
        assert call.executed == call.proposed
        assert call.started_at is not None
        assert begun.idempotency_key == f"{run.pk}:c1"

    def test_refuses_a_call_that_never_stood_at_the_gate(self, run):
        with pytest.raises(NotApproved, match="'c9' never stood at the gate"):
            factories.begin(run, "c9")

    def test_refuses_a_call_of_another_run(self, run, call):
        with pytest.raises(NotApproved):
            factories.begin(factories.leased(), "c1")

    @pytest.mark.parametrize("status", ["proposed", "refused", "unknown", "cancelled", "started"])
    def test_refuses_every_state_but_approved_and_names_it(self, run, call, status):
        stand(call, status)
        with pytest.raises(NotApproved, match=ToolCallStatus(status).label.lower()):
            factories.begin(run, "c1")
        call.refresh_from_db()
        assert (call.status, call.started_at) == (status, None)

    @pytest.mark.parametrize("status", ["done", "failed", "supplied"])
    def test_hands_back_what_is_known(self, run, call, status):
        type(call).objects.filter(pk=call.pk).update(status=status, output={"paid": 1})

        known = factories.begin(run, "c1")

        assert (known.status, known.output, known.started_at) == (status, {"paid": 1}, None)

    @pytest.mark.parametrize("kind", [{"idempotent": True}, {"is_agent": True}])
    def test_starts_again_what_may_run_twice(self, run, call, kind):
        type(call).objects.filter(pk=call.pk).update(**kind)
        first, second = factories.begin(run, "c1"), factories.begin(run, "c1")
        assert first.idempotency_key == second.idempotency_key


class TestFinish:
    def test_keeps_what_came_back(self, run, call):
        factories.begin(run, "c1")
        tool_calls.finish(run, "c1", {"paid": 4820})

        call.refresh_from_db()
        assert (call.status, call.output, call.error) == (ToolCallStatus.DONE, {"paid": 4820}, "")
        assert call.finished_at >= call.started_at

    def test_signs_the_book_with_what_was_executed_and_came_back(self, run, call):
        factories.begin(run, "c1")
        tool_calls.finish(run, "c1", "paid")

        entry = AuditEntry.objects.last()
        assert (entry.action, entry.actor) == ("tool_call.done", "worker")
        assert json.loads(entry.data) == {
            "call_id": "c1",
            "tool": "issue_refund",
            "executed": call.proposed,
            "output": "paid",
        }

    def test_keeps_an_error_beside_what_the_model_was_told(self, run, call):
        factories.begin(run, "c1")
        tool_calls.finish(run, "c1", "The shop is down.", error="TimeoutError: 30 s")

        call.refresh_from_db()
        assert (call.status, call.output, call.error) == ("failed", "The shop is down.", "TimeoutError: 30 s")
        assert AuditEntry.objects.last().action == "tool_call.failed"

    @pytest.mark.parametrize("output", [None, "", 0, False, [], "a\0b", float("nan"), {"at": object}])
    def test_never_loses_an_output_after_its_effect(self, run, call, output):
        factories.begin(run, "c1")
        tool_calls.finish(run, "c1", output)
        call.refresh_from_db()
        assert call.status == ToolCallStatus.DONE

    @pytest.mark.parametrize(
        "status", ["proposed", "approved", "refused", "supplied", "unknown", "cancelled", "done", "failed"]
    )
    def test_refuses_what_does_not_run(self, run, call, status):
        stand(call, status)
        before = book()

        with pytest.raises(NotApproved, match="'c1' is not running"):
            tool_calls.finish(run, "c1", "forged")

        call.refresh_from_db()
        assert (call.status, call.output) == (status, None)
        assert book() == before

    def test_refuses_what_never_stood_at_the_gate(self, run):
        with pytest.raises(NotApproved):
            tool_calls.finish(run, "c9", "forged")


class TestFinishTooLate:
    @pytest.fixture
    def stopped(self, run, call, alice):
        """The run was stopped while its call ran."""
        factories.begin(run, "c1")
        runs.stop(run.pk, by=alice)
        return Run.objects.values().get(pk=run.pk)

    def finish(self, run, output, **rest):
        with pytest.raises(LeaseLost):
            tool_calls.finish(run, "c1", output, **rest)

    def test_tells_the_book_what_came_back_and_changes_nothing_else(self, run, call, stopped):
        self.finish(run, "paid")

        entry = AuditEntry.objects.last()
        assert (entry.action, entry.actor) == ("tool_call.finished_late", "worker")
        assert json.loads(entry.data) == {
            "call_id": "c1",
            "tool": "issue_refund",
            "executed": call.proposed,
            "output": "paid",
        }
        call.refresh_from_db()
        assert (call.status, call.output, call.finished_at) == (ToolCallStatus.UNKNOWN, None, None)
        assert Run.objects.values().get(pk=run.pk) == stopped

    def test_tells_of_an_error(self, run, call, stopped):
        self.finish(run, "The shop is down.", error="TimeoutError: 30 s")
        assert json.loads(AuditEntry.objects.last().data)["error"] == "TimeoutError: 30 s"

    def test_is_told_once(self, run, call, stopped):
        self.finish(run, "paid")
        self.finish(run, "paid again")
        assert book().count("tool_call.finished_late") == 1

    @pytest.mark.parametrize("lease", [None, "another"])
    def test_is_not_believed_of_a_worker_under_which_it_did_not_begin(self, run, call, stopped, lease):
        run.lease = uuid.uuid4() if lease else None
        before = book()
        self.finish(run, "forged")
        assert book() == before

    def test_waits_for_the_reviewers_while_the_run_lives(self, run, call):
        factories.begin(run, "c1")
        gates.ask_outcome(run, [call])
        before = book()
        self.finish(run, "paid")
        assert book() == before


class TestOfUnknownOutcome:
    def test_is_what_started_and_must_not_run_twice(self, run):
        kinds = {"pay": {}, "look": {"idempotent": True}, "helper": {"is_agent": True}, "fresh": {}}
        asked = [factories.proposal(call_id=one, ruling=Ruling.LET_THROUGH, **kind) for one, kind in kinds.items()]
        gates.park(run, factories.state(), asked)
        for call_id in ("pay", "look", "helper"):
            factories.begin(run, call_id)

        tools = {factories.proposal().tool}
        assert [call.call_id for call in tool_calls.of_unknown_outcome(run, tools)] == ["pay"]

    def test_is_also_what_was_idempotent_once_and_is_so_no_more(self, run):
        gates.park(run, factories.state(), [factories.proposal(ruling=Ruling.LET_THROUGH, idempotent=True)])
        call = run.tool_calls.get()
        factories.begin(run, call.call_id)

        assert tool_calls.of_unknown_outcome(run, ()) == [call]


class TestRequireFitting:
    @pytest.fixture
    def approved(self, run):
        gates.park(run, factories.state(), [factories.proposal(ruling=Ruling.LET_THROUGH)])
        return run.tool_calls.get()

    @pytest.mark.parametrize(
        "schema",
        [
            factories.SCHEMA,
            {**factories.SCHEMA, "description": "Said in other words."},
            {"type": "object", "additionalProperties": True},
            {"type": "object", "patternProperties": {".*": {}}},
        ],
    )
    def test_lets_a_call_pass_that_the_tool_still_takes(self, approved, schema):
        tool_calls.require_fitting(approved, schema)

    @pytest.mark.parametrize(
        "changed, said",
        [
            ({"required": ["customer_id", "amount", "currency"]}, "'currency' is a required property"),
            ({"properties": {"customer_id": {"type": "string"}}}, "'amount' was unexpected"),
            ({"properties": {"customer_id": {}, "amount": {"type": "string"}}}, "amount: 4820.0 is not of type"),
        ],
    )
    def test_names_what_the_tool_takes_no_more(self, approved, changed, said):
        with pytest.raises(ToolChanged, match="Deploy the code that asked") as refused:
            tool_calls.require_fitting(approved, factories.SCHEMA | changed)
        assert said in str(refused.value)

    def test_lets_no_unknown_name_pass_where_the_schema_is_silent_about_more(self, approved):
        with pytest.raises(ToolChanged, match="'amount' is not known any more"):
            tool_calls.require_fitting(approved, {"type": "object", "properties": {"customer_id": {}}})

    def test_looks_at_the_edited_arguments(self, approved):
        approved.executed = {"customer_id": "C-1", "amount": 1}
        changed = factories.SCHEMA | {"properties": {"customer_id": {}, "amount": {"maximum": 5}}}
        tool_calls.require_fitting(approved, changed)

        approved.executed = None
        with pytest.raises(ToolChanged):
            tool_calls.require_fitting(approved, changed)

    def test_asks_nothing_of_a_call_that_has_come_back(self, approved, run):
        factories.begin(run, approved.call_id)
        tool_calls.finish(run, approved.call_id, "paid")
        approved.refresh_from_db()
        tool_calls.require_fitting(approved, {"type": "null"})
