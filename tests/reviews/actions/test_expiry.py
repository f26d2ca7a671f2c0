"""Nobody decided in time: what happens to the question, the call and the run, and what the agent is told."""

import pytest

from reviews.actions import expiry, gates, interventions, runs
from reviews.audit import Verified, verify
from reviews.escalations import Final
from reviews.models import AuditEntry, Decision, Intervention, Notice
from reviews.states import Kind, NoticeKind, Risk, RunStatus, Verdict
from tests import factories
from tests.reviews.actions.conftest import book
from tests.reviews.actions.time_travel import DAY, HOUR, NOON, ask, policy, step


@pytest.fixture
def expire(clock):
    """Opens a question that ends so, lets its time pass, and returns it as it is then."""

    def expiring(final, **changes):
        policy(final=final)
        question = ask(**changes)
        clock.pass_by(hours=4)
        question.refresh_from_db()
        return question

    return expiring


class TestReject:
    def test_tells_the_agent_of_a_time_out_and_not_of_a_refusal(self, expire):
        question = expire({"do": "reject", "message": "Ask again tomorrow."})

        call = question.tool_call
        assert call.status == "refused"
        assert call.output == (
            "Nobody decided within 4 hours, so issue_refund was not run. "
            "This is a time-out, not a refusal by a person. Ask again tomorrow."
        )
        assert "human reviewer rejected" not in call.output

    def test_closes_the_question_as_expired_and_lets_the_run_go_on(self, expire):
        question = expire({"do": "reject"})

        assert (question.status, question.outcome, question.decided_at) == ("expired", "", NOON + 4 * HOUR)
        assert question.run.status == RunStatus.QUEUED

    def test_marks_its_own_timer_as_fired_and_cancels_the_others(self, clock):
        policy(steps=[step("3h", "remind", only_if="unclaimed")])
        question = ask()
        question.timers.filter(kind="step").update(due_at=NOON + DAY)
        clock.pass_by(hours=4)

        came_of = dict(question.timers.values_list("kind", "result"))
        assert came_of == {"expire": "fired", "due": "fired", "step": ""}
        assert not question.timers.waiting().exists()

    def test_is_nobodys_decision(self, expire):
        expire({"do": "reject"})

        assert not Decision.objects.exists()
        entry = AuditEntry.objects.get(action="intervention.expired")
        assert (entry.actor_type, entry.actor) == ("timeout", "timeout")
        assert isinstance(verify(), Verified)

    def test_waits_for_the_other_questions_of_the_gate(self, clock, alice):
        policy()
        run = factories.leased()
        asked = [factories.proposal(judgement={"escalation": name}) for name in ("test", "")]
        gates.park(run, factories.state(), asked)
        clock.pass_by(hours=4)
        run.refresh_from_db()
        assert run.status == RunStatus.AWAITING_REVIEW

        interventions.decide(Intervention.objects.open().get().pk, by=alice, verdict=Verdict.APPROVE)
        run.refresh_from_db()
        assert run.status == RunStatus.QUEUED

    def test_leaves_a_run_paused_that_a_person_has_paused(self, clock, mara):
        policy()
        question = ask()
        runs.pause(question.run_id, by=mara)
        clock.pass_by(hours=4)

        question.run.refresh_from_db()
        assert question.run.status == RunStatus.PAUSED

    def test_says_to_a_question_that_there_is_no_answer(self, expire):
        question = expire({"do": "reject"}, kind=Kind.QUESTION, tool="ask_human", arguments={"question": "Which?"})

        assert question.tool_call.output.startswith("Nobody decided within 4 hours, so there is no answer.")

    def test_tells_the_managers(self, expire, mara):
        expire({"do": "reject"})

        assert Notice.objects.get(kind=NoticeKind.EXPIRED).user == mara


class TestContinueWithDefault:
    def test_gives_the_value_and_marks_where_it_is_from(self, expire):
        question = expire({"do": "continue_with_default", "value": {"refund": 0}})

        call = question.tool_call
        assert (call.status, question.outcome) == ("supplied", "defaulted")
        assert (call.output["value"], call.output["source"]) == ({"refund": 0}, "default")
        assert "not a refusal" in call.output["note"]
        assert call.started_at is None

    def test_answers_a_question(self, expire):
        question = expire({"do": "continue_with_default", "value": "neither"}, kind=Kind.QUESTION, tool="ask_human")

        assert question.tool_call.output["value"] == "neither"


class TestFailRun:
    def test_ends_the_run_and_says_why(self, expire):
        question = expire({"do": "fail_run"})

        run = question.run
        assert (run.status, run.error_code) == (RunStatus.FAILED, "review_expired")
        assert run.error == (
            "Nobody decided within 4 hours about issue_refund, and the policy ends the run then. "
            "This is a time-out, not a refusal by a person."
        )
        assert question.status == "expired"
        assert book()[-1] == "run.failed"
        assert AuditEntry.objects.get(action="run.failed").actor_type == "timeout"

    @pytest.mark.parametrize("kind", [Kind.FINAL_OUTPUT, Kind.UNKNOWN_OUTCOME])
    def test_is_what_a_rejection_comes_to_where_the_agent_has_nothing_to_go_on_with(self, expire, kind):
        question = expire({"do": "reject"}, kind=kind)

        assert question.run.error_code == "review_expired"

    def test_withdraws_the_other_questions_of_the_run(self, clock):
        policy(final={"do": "fail_run"})
        run = factories.leased()
        asked = [factories.proposal(judgement={"escalation": name}) for name in ("test", "")]
        gates.park(run, factories.state(), asked)
        clock.pass_by(hours=4)

        assert sorted(run.interventions.values_list("status", flat=True)) == ["cancelled", "expired"]

    def test_of_two_questions_whose_time_is_over_together_ends_the_run_once(self, clock):
        policy(final={"do": "fail_run"})
        run = factories.leased()
        gates.park(run, factories.state(), [factories.proposal(judgement={"escalation": "test"}) for _ in range(2)])
        clock.pass_by(hours=4)

        assert sorted(run.interventions.values_list("status", flat=True)) == ["cancelled", "expired"]
        assert book().count("run.failed") == 1


class TestKeepWaiting:
    def test_leaves_the_question_open_without_an_end_and_marks_it(self, expire, alice):
        question = expire({"do": "keep_waiting"})

        assert question.is_open
        assert (question.expires_at, question.overdue) == (None, True)
        interventions.decide(question.pk, by=alice, verdict=Verdict.APPROVE)

    def test_nags_every_week(self, clock, mara):
        policy(final={"do": "keep_waiting"})
        ask()
        clock.pass_by(hours=4)
        before = Notice.objects.filter(kind=NoticeKind.OVERDUE).count()
        for _ in range(2):
            clock.stand_still(days=7)
            clock.sweep()

        assert Notice.objects.filter(kind=NoticeKind.OVERDUE).count() == before + 2

    def test_nags_also_where_there_never_was_an_end(self, clock, mara):
        policy(expires_after=None, final={"do": "keep_waiting"})
        question = ask()
        clock.pass_by(hours=2)

        assert question.timers.waiting().get().due_at == NOON + HOUR + 7 * DAY


class TestApprove:
    def test_lets_the_call_run_and_names_nobody(self, clock, alice, bob):
        policy(final={"do": "approve"}, written_by=alice, enabled_by=bob)
        question = ask(judgement={"risk": Risk.LOW})
        clock.pass_by(hours=4)

        question.refresh_from_db()
        assert (question.status, question.outcome, question.tool_call.status) == ("expired", "defaulted", "approved")
        entry = AuditEntry.objects.get(action="intervention.expired")
        assert (entry.actor_type, "alice" in entry.data, "bob" in entry.data) == ("timeout", False, False)


class TestToldToAgent:
    @pytest.mark.parametrize("do", ["reject", "continue_with_default", "fail_run"])
    @pytest.mark.parametrize("kind", list(Kind))
    def test_always_says_that_it_was_a_time_out(self, do, kind):
        item = Intervention(kind=kind, tool="send", created_at=NOON, expires_at=NOON + HOUR)
        told = str(expiry.told_to_agent(item, Final(do, value="x")))

        assert "Nobody decided within 1 hour" in told
        assert "not a refusal by a person" in told


class TestSpanOf:
    @pytest.mark.parametrize(
        ("seconds", "words"),
        [(1, "1 second"), (90, "90 seconds"), (900, "15 minutes"), (3600, "1 hour"), (5400, "90 minutes")]
        + [(14_400, "4 hours"), (86_400, "1 day"), (259_200, "3 days")],
    )
    def test_is_as_people_say_it(self, seconds, words):
        item = Intervention(created_at=NOON, expires_at=NOON + HOUR * seconds / 3600)

        assert expiry.timers.span_of(item) == words


class TestTellLate:
    def test_marks_the_question_and_tells_who_holds_it_and_the_managers(self, clock, alice, mara):
        policy(steps=[step("2h", "remind")])
        question = ask()
        interventions.claim(question.pk, by=alice)
        clock.pass_by(hours=1)

        question.refresh_from_db()
        assert question.overdue
        owed = Notice.objects.filter(kind=NoticeKind.OVERDUE, user__isnull=False)
        assert set(owed.values_list("user__username", flat=True)) >= {"mara"}
        assert AuditEntry.objects.get(action="intervention.overdue").actor_type == "timeout"


class TestRaisePriority:
    def test_puts_it_before_what_is_due_sooner(self, clock):
        policy(steps=[step("10 min", "raise_priority")])
        raised = ask()
        factories.question(judgement={"due_in": 60})
        clock.pass_by(minutes=11)

        assert Intervention.objects.for_inbox().first() == raised
