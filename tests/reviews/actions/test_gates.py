"""What a worker does to its run at a gate."""

import json
from dataclasses import replace
from uuid import uuid4

import pytest

from reviews.actions import (
    LeaseLost,
    gates,
    interventions,
    leases,
    review_policies,
    rulebook,
    runs,
    tool_calls,
)
from reviews.actions.gates import ReusedCallId
from reviews.models import AuditEntry
from reviews.models.intervention import digest_of
from reviews.policies import Rule, judge
from reviews.states import InterventionStatus, Kind, Ruling, RunStatus, ToolCallStatus, Verdict
from tests import factories
from tests.factories import proposal, state
from tests.reviews.actions.conftest import book, history, ledger


def passing(call_id="passed", **changes):
    return proposal(call_id=call_id, ruling=Ruling.LET_THROUGH, **changes)


def numbers(run):
    return list(run.checkpoints.order_by("number").values_list("number", flat=True))


class TestPark:
    def test_frees_the_worker_while_people_think(self, run):
        assert gates.park(run, state(), [proposal()]) is True

        run.refresh_from_db()
        assert (run.status, run.lease, run.lease_expires_at) == (RunStatus.AWAITING_REVIEW, None, None)

    def test_lets_the_worker_go_on_where_nobody_is_asked(self, run):
        assert gates.park(run, state(), [passing()]) is False

        run.refresh_from_db()
        assert run.status == RunStatus.RUNNING
        assert ledger(run) == {"passed": ToolCallStatus.APPROVED}

    def test_lets_the_worker_go_on_after_a_refusal_and_tells_why(self, run):
        assert gates.park(run, state(), [proposal(call_id="x", ruling=Ruling.REFUSED)]) is False

        call = run.tool_calls.get()
        assert call.status == ToolCallStatus.REFUSED
        assert call.output == "Refused by policy “Refund over 200”: amount is 4820, more than 200"
        assert history(run)[-2:] == ["run.checkpoint_saved", "tool_call.refused"]

    @pytest.mark.parametrize(
        ("ruling", "more"),
        [
            pytest.param(Ruling.ASKED, {}, id="at which somebody is asked"),
            pytest.param(Ruling.LET_THROUGH, {}, id="at which nobody is"),
            pytest.param(Ruling.LET_THROUGH, {"leaving": True}, id="of a worker that leaves"),
            pytest.param(Ruling.ASKED, {"max_rejections": 0}, id="that is the last one"),
        ],
    )
    def test_writes_nothing_of_a_gate_judged_by_policies_of_before(self, run, ruling, more):
        review_policies.touch()
        before, judged = book(), rulebook.current().token
        review_policies.touch()

        with pytest.raises(rulebook.Outdated):
            gates.park(run, state(), [proposal(ruling=ruling)], token=judged, **more)

        run.refresh_from_db()
        assert (run.status, run.checkpoints.exists(), run.tool_calls.exists()) == (RunStatus.RUNNING, False, False)
        assert book() == before
        assert gates.park(run, state(), [passing()], token=rulebook.current().token) is False

    def test_of_a_worker_that_lost_its_run_says_so_whatever_the_policies(self, run):
        review_policies.touch()
        run.lease = uuid4()

        with pytest.raises(LeaseLost):
            gates.park(run, state(), [proposal()], token=rulebook.current().token)

    def test_asks_only_about_the_calls_that_need_it(self, run):
        gates.park(run, state(), [passing(), proposal(call_id="asked"), proposal(call_id="no", ruling=Ruling.REFUSED)])

        assert ledger(run) == {"passed": "approved", "asked": "proposed", "no": "refused"}
        assert run.interventions.get().tool_call.call_id == "asked"

    def test_freezes_what_is_asked_into_the_question(self, run):
        asked = proposal(judgement={"title": "Refund 4820 to C-88213", "due_in": 60, "reason_required": True})
        gates.park(run, state(), [asked])

        question = run.interventions.get()
        assert (question.proposal, question.digest) == (asked.arguments, digest_of(asked.arguments))
        assert (question.title, question.why, question.queue) == (
            "Refund 4820 to C-88213",
            asked.judgement.why,
            run.queue,
        )
        frozen = json.loads(json.dumps(asked.judgement.snapshot()))
        assert {key: value for key, value in question.policy.items() if key != "time"} == frozen
        assert (question.due_at - question.created_at).total_seconds() == 60
        assert (question.status, question.version, question.checkpoint) == ("pending", 1, run.checkpoints.get())

    @pytest.mark.parametrize(
        ("changes", "title"),
        [
            ({"tool": "issue_refund"}, "Issue refund"),
            ({"kind": Kind.QUESTION, "arguments": {"question": "Which ward?"}}, "Which ward?"),
            ({"kind": Kind.QUESTION, "arguments": {}}, "A question from the agent"),
            ({"kind": Kind.QUESTION, "arguments": {"question": "?" * 500}}, "?" * 200),
        ],
    )
    def test_gives_a_question_without_a_title_one_that_can_be_read(self, run, changes, title):
        gates.park(run, state(), [proposal(judgement={"title": ""}, **changes)])
        assert run.interventions.get().title == title

    def test_keeps_what_a_model_said_that_no_database_would_take(self, run):
        odd = {"nul": "a\0b", "half": "\ud800", "nan": float("nan"), "inf": float("-inf"), "k\0": ("x",)}
        gates.park(run, state("\ud800\0"), [proposal(arguments=odd)])

        question = run.interventions.get()
        assert question.proposal == {"nul": "a\ufffdb", "half": "\ufffd", "nan": "nan", "inf": "-inf", "k\ufffd": ["x"]}
        assert question.tool_call.proposed == question.proposal
        assert run.checkpoints.get().unpack() == "\ud800\0"

    def test_keeps_what_a_rule_quotes_of_it(self, run):
        rules = [Rule.from_dict({"tool": "*", "when": "to = x\0", "title": "Mail to {to}"})]
        arguments = {"to": "x\0"}
        judgement = judge(rules, tool="mail", agent="Clerk", arguments=arguments, author_asks=False)
        gates.park(run, state(), [replace(proposal(arguments=arguments), judgement=judgement)])

        question = run.interventions.get()
        assert question.title == "Mail to x\ufffd"
        assert question.why.startswith("to is x\ufffd") and question.policy["why"] == question.why

    def test_takes_a_call_without_arguments(self, run):
        gates.park(run, state(), [proposal(arguments=None)])
        assert run.interventions.get().proposal == {}

    def test_forgets_earlier_losses(self, run):
        run.losses = 3
        run.save(update_fields=["losses"])
        gates.park(run, state(), [passing()])
        run.refresh_from_db()
        assert run.losses == 0

    def test_keeps_the_usage_and_the_model_so_far(self, run):
        gates.park(run, gates.SavedState("{}", "1", "1", usage={"total_tokens": 9}, model="m" * 300), [passing()])
        run.refresh_from_db()
        assert (run.usage, run.model) == ({"total_tokens": 9}, "m" * 100)

    def test_holds_a_run_that_a_person_paused(self, run, alice):
        runs.pause(run.pk, by=alice)

        assert gates.park(run, state(), [passing()]) is True

        run.refresh_from_db()
        assert (run.status, run.lease) == (RunStatus.PAUSED, None)
        assert ledger(run) == {"passed": "approved"}
        assert history(run)[-1] == "run.paused"

    def test_writes_the_gate_into_the_book(self, run):
        gates.park(run, state(), [passing()])

        entry = AuditEntry.objects.last()
        checkpoint = run.checkpoints.get()
        assert json.loads(entry.data) == {
            "number": 1,
            "digest": checkpoint.digest,
            "calls": [
                {
                    "call_id": "passed",
                    "tool": "issue_refund",
                    "ruling": "let_through",
                    "arguments": factories.ARGUMENTS,
                }
            ],
        }


class TestReusedCallIds:
    @pytest.mark.parametrize("change", [{"tool": "close_account"}, {"arguments": {"amount": 1}}, {"agent": "Other"}])
    def test_for_another_call_are_refused_and_nothing_is_written(self, run, change):
        gates.park(run, state(), [passing("c1")])
        before = book()

        with pytest.raises(ReusedCallId, match="'c1'"):
            gates.park(run, state(), [passing("c1", **change)])

        assert book() == before
        assert numbers(run) == [1]

    def test_for_another_call_in_the_same_answer_are_refused(self, run):
        with pytest.raises(ReusedCallId, match="'c1'"):
            gates.park(run, state(), [passing("c1"), passing("c1", arguments={"amount": 1})])
        assert ledger(run) == {}

    def test_for_the_same_call_in_the_same_answer_are_one_call_and_one_question(self, run):
        gates.park(run, state(), [proposal(call_id="c1"), proposal(call_id="c1")])
        assert run.tool_calls.count() == run.interventions.count() == 1

    @pytest.mark.parametrize("verdict", [Verdict.APPROVE, Verdict.REJECT])
    def test_for_a_call_that_was_decided_neither_ask_again_nor_leave_the_run_asleep(self, run, alice, verdict):
        gates.park(run, state(), [proposal(call_id="c1")])
        interventions.decide(run.interventions.get().pk, by=alice, verdict=verdict)
        again = factories.leased(run)

        assert gates.park(again, state(), [proposal(call_id="c1")]) is False

        run.refresh_from_db()
        assert run.status == RunStatus.RUNNING
        assert run.interventions.count() == 1

    def test_for_a_call_that_is_done_never_reopen_it(self, run):
        gates.park(run, state(), [passing("c1")])
        factories.begin(run, "c1")
        tool_calls.finish(run, "c1", "paid")

        assert gates.park(run, state(), [proposal(call_id="c1")]) is False
        assert factories.begin(run, "c1").output == "paid"
        assert not run.interventions.exists()

    def test_belong_to_their_own_run(self, run):
        other = factories.leased(factories.run())
        gates.park(run, state(), [passing("c1")])
        gates.park(other, state(), [passing("c1", arguments={"amount": 1})])
        assert ledger(run) == ledger(other) == {"c1": "approved"}


class TestCheckpoints:
    def test_at_which_nobody_was_asked_are_replaced(self, run):
        for turn in range(3):
            gates.park(run, state(f"turn {turn}"), [passing(f"c{turn}")])

        assert numbers(run) == [3]
        assert run.checkpoints.get().unpack() == "turn 2"
        assert run.tool_calls.filter(checkpoint=None).count() == 2

    def test_at_which_somebody_was_asked_stay(self, run, alice):
        gates.park(run, state("asked"), [proposal()])
        interventions.decide(run.interventions.get().pk, by=alice, verdict=Verdict.APPROVE)
        run = factories.leased(run)
        gates.park(run, state("later"), [passing("c2")])
        gates.park(run, state("latest"), [passing("c3")])

        assert numbers(run) == [1, 3]

    def test_all_stay_where_the_setting_says_so(self, run, settings):
        settings.FOUREYES_KEEP_ALL_CHECKPOINTS = True
        for turn in range(3):
            gates.park(run, state(), [passing(f"c{turn}")])
        assert numbers(run) == [1, 2, 3]

    def test_carry_the_versions_they_were_written_by(self, run):
        gates.park(run, gates.SavedState("{}", sdk_version="0.24.1", schema_version="1.9"), [passing()])
        checkpoint = run.checkpoints.get()
        assert (checkpoint.sdk_version, checkpoint.schema_version, checkpoint.agent_version) == ("0.24.1", "1.9", "1")


class TestAskRelease:
    def test_holds_the_output_until_somebody_releases_it(self, run):
        question = gates.ask_release(run, state(), "Dear Ann, …", {"type": "object"})

        run.refresh_from_db()
        assert (run.status, run.lease, run.result) == (RunStatus.AWAITING_REVIEW, None, None)
        assert (question.kind, question.proposal, question.tool_call) == (
            Kind.FINAL_OUTPUT,
            {"output": "Dear Ann, …"},
            None,
        )
        assert question.verdicts == (Verdict.APPROVE, Verdict.EDIT, Verdict.REJECT)
        assert question.checkpoint.asked

    @pytest.mark.parametrize(
        ("said", "outcome"),
        [
            ({"verdict": "approve"}, "approved"),
            ({"verdict": "edit", "replacement": {"output": "Dear Bea"}}, "edited"),
            ({"verdict": "reject", "note": "Name the clause."}, "rejected"),
        ],
    )
    def test_goes_back_to_a_worker_with_what_was_said(self, run, alice, said, outcome):
        question = gates.ask_release(run, state(), "Dear Ann", {"type": "object"})
        decision = interventions.decide(question.pk, by=alice, **said)

        question.refresh_from_db()
        run.refresh_from_db()
        assert (question.outcome, run.status) == (outcome, RunStatus.QUEUED)
        assert decision.replacement == said.get("replacement")
        gates.complete(factories.leased(run), "Dear Bea", usage={})
        run.refresh_from_db()
        assert run.result == "Dear Bea"


class TestAskOutcome:
    @pytest.fixture
    def lost(self, run):
        """A run whose first worker died while it paid."""
        gates.park(run, state(), [passing("pay"), passing("look", idempotent=True)])
        factories.begin(run, "pay")
        factories.begin(run, "look")
        type(run).objects.filter(pk=run.pk).update(lease_expires_at=run.created_at)
        assert leases.reclaim_lost() == 1
        return factories.leased(run, worker="worker-2")

    def asked(self, lost):
        gates.ask_outcome(lost, tool_calls.of_unknown_outcome(lost, {factories.proposal().tool}))
        return lost.interventions.get()

    def test_asks_about_what_must_not_simply_run_again(self, lost):
        question = self.asked(lost)

        assert (question.kind, question.title) == (Kind.UNKNOWN_OUTCOME, "Did issue_refund happen?")
        assert ledger(lost) == {"pay": "unknown", "look": "started"}
        lost.refresh_from_db()
        assert (lost.status, lost.lease) == (RunStatus.AWAITING_REVIEW, None)
        assert lost.losses == 0, "a person looks at it, so the workers that died before count no more"

    def test_runs_it_again_when_the_reviewer_says_so(self, lost, alice):
        interventions.decide(self.asked(lost).pk, by=alice, verdict=Verdict.APPROVE)
        third = factories.leased(lost, worker="worker-3")

        first_start = lost.tool_calls.get(call_id="pay").started_at
        call = factories.begin(third, "pay")
        assert call.status == ToolCallStatus.STARTED
        assert call.started_at > first_start

    def test_takes_the_reviewers_word_for_what_it_did(self, lost, alice):
        interventions.decide(self.asked(lost).pk, by=alice, verdict=Verdict.OVERRIDE, replacement="It was paid.")
        third = factories.leased(lost, worker="worker-3")

        call = factories.begin(third, "pay")
        assert (call.status, call.output) == (ToolCallStatus.DONE, "It was paid.")

    def test_ends_the_run_when_the_reviewer_cannot_say_and_still_owns_up(self, lost, alice):
        interventions.decide(self.asked(lost).pk, by=alice, verdict=Verdict.REJECT)

        lost.refresh_from_db()
        assert (lost.status, lost.error_code) == (RunStatus.FAILED, "unknown_outcome")
        assert ledger(lost) == {"pay": "unknown", "look": "unknown"}
        assert history(lost)[-3:] == ["intervention.reject", "tool_call.unknown", "run.failed"]  # the look, only now

    def test_keeps_the_checkpoint_the_question_hangs_on(self, lost, alice):
        interventions.decide(self.asked(lost).pk, by=alice, verdict=Verdict.APPROVE)
        third = factories.leased(lost, worker="worker-3")
        gates.park(third, state("next"), [passing("c3")])

        assert numbers(third) == [1, 2]

    def test_asks_each_unknown_call_and_waits_for_all(self, run, alice):
        gates.park(run, state(), [passing("a"), passing("b")])
        factories.begin(run, "a")
        factories.begin(run, "b")
        gates.ask_outcome(run, tool_calls.of_unknown_outcome(run, ()))
        first, second = run.interventions.all()

        interventions.decide(first.pk, by=alice, verdict=Verdict.APPROVE)
        run.refresh_from_db()
        assert run.status == RunStatus.AWAITING_REVIEW
        interventions.decide(second.pk, by=alice, verdict=Verdict.REJECT)
        run.refresh_from_db()
        assert run.status == RunStatus.FAILED
        assert run.tool_calls.get(pk=second.tool_call_id).status == ToolCallStatus.UNKNOWN

    def test_never_parks_a_run_without_a_question(self, run):
        gates.park(run, state(), [passing("a")])
        with pytest.raises(ValueError, match="no outcome to ask about"):
            gates.ask_outcome(run, list(run.tool_calls.all()))
        run.refresh_from_db()
        assert run.status == RunStatus.RUNNING


class TestEnding:
    def test_complete_keeps_the_result(self, run):
        gates.complete(run, {"paid": 1}, usage={"total_tokens": 5}, model="gpt")

        run.refresh_from_db()
        assert (run.status, run.result, run.usage, run.model) == ("completed", {"paid": 1}, {"total_tokens": 5}, "gpt")
        assert run.finished_at is not None
        assert history(run)[-1] == "run.completed"

    def test_complete_without_news_keeps_the_usage_so_far(self, run):
        gates.park(run, gates.SavedState("{}", "1", "1", usage={"total_tokens": 9}, model="m"), [passing()])
        run.refresh_from_db()
        gates.complete(run, None, usage={})
        run.refresh_from_db()
        assert (run.usage, run.model, run.result) == ({"total_tokens": 9}, "m", None)

    def test_fail_says_why(self, run):
        gates.fail(run, "max_turns", "50 turns were not enough\0.")

        run.refresh_from_db()
        assert (run.status, run.error_code, run.error) == ("failed", "max_turns", "50 turns were not enough\ufffd.")
        assert json.loads(AuditEntry.objects.last().data)["code"] == "max_turns"

    def test_closes_the_ledger(self, run):
        gates.park(run, state(), [passing("never-ran")])
        gates.fail(run, "boom", "It broke.")
        assert ledger(run) == {"never-ran": ToolCallStatus.CANCELLED}

    def test_leaves_no_question_open(self, run, alice):
        gates.park(run, state(), [proposal()])
        runs.stop(run.pk, by=alice)
        assert run.interventions.get().status == InterventionStatus.CANCELLED
