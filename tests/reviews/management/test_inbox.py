"""manage.py inbox: who sees which open questions, and in which form."""

import pytest
from django.utils import timezone

from reviews.actions import interventions
from reviews.management.cli import Misused, Refused
from reviews.states import Kind, Risk, Verdict
from tests import factories
from tests.reviews.management.shell import call, noted, told

KEYS = {
    *("id", "run", "kind", "agent", "asked_by", "tool", "call_id", "arguments", "title", "why", "risk", "queue"),
    *("status", "outcome", "verdicts", "means", "reason_required", "claimed_by", "claimed_at", "claim_expires_at"),
    *("assignee", "snoozed_until", "asked_back_at", "extended", "due_at", "expires_at"),
    *("level", "rejections", "version", "round", "approvals", "created_at", "decided_at"),
}


@pytest.fixture
def refund(alice, bob):
    return factories.question()


@pytest.fixture
def elsewhere(alice):
    """A question in a queue of which alice is no member."""
    factories.card("lawyer", queue="legal")
    return factories.question(factories.leased(factories.run(agent="lawyer")), tool="send_letter")


class TestInbox:
    def test_tells_programs_every_documented_key(self, refund):
        (row,) = told("inbox", "--as", "alice")

        assert set(row) == KEYS
        assert row["id"] == str(refund.pk)
        assert row["run"] == str(refund.run_id)
        assert (row["kind"], row["agent"], row["tool"]) == ("tool_approval", "clerk", "issue_refund")
        assert row["arguments"] == factories.ARGUMENTS
        assert (row["risk"], row["queue"], row["status"]) == ("medium", "support", "pending")
        assert row["verdicts"] == ["approve", "edit", "override", "reject"]
        assert row["claimed_by"] is None

    def test_writes_times_in_utc(self, refund):
        (row,) = told("inbox")

        assert row["due_at"] == refund.due_at.isoformat().replace("+00:00", "Z")

    def test_lists_what_is_due_first_on_top(self, alice):
        later = factories.question(judgement={"due_in": 7200})
        sooner = factories.question(judgement={"due_in": 60})

        assert [row["id"] for row in told("inbox", "--as", "alice")] == [str(sooner.pk), str(later.pk)]

    def test_leaves_out_what_is_decided(self, refund, alice):
        interventions.decide(refund.pk, by=alice, verdict=Verdict.APPROVE)

        assert told("inbox", "--as", "alice") == []

    def test_puts_a_question_and_its_choices_into_the_arguments(self, alice):
        asked = {"question": "Whom shall I call?", "options": ["Ada", "Bo"]}
        factories.question(kind=Kind.QUESTION, tool="ask_human", arguments=asked, schema={})

        (row,) = told("inbox", "--as", "alice")

        assert (row["kind"], row["arguments"], row["verdicts"]) == ("question", asked, ["answer", "reject"])

    def test_shows_charlie_nothing(self, refund, charlie):
        assert told("inbox", "--as", "charlie") == []
        assert told("inbox", "--as", "charlie", "--queue", "support") == []
        assert "issue_refund" not in call("inbox", "--as", "charlie")

    def test_shows_a_reviewer_only_their_queues(self, refund, elsewhere):
        assert [row["id"] for row in told("inbox", "--as", "alice")] == [str(refund.pk)]

    def test_shows_everything_to_an_auditor_and_to_the_shell(self, refund, elsewhere, otto):
        everything = {str(refund.pk), str(elsewhere.pk)}

        assert {row["id"] for row in told("inbox", "--as", "otto")} == everything
        assert {row["id"] for row in told("inbox")} == everything

    def test_refuses_an_account_that_is_not_there_or_switched_off(self, refund, alice):
        alice.is_active = False
        alice.save()

        for name in ("nobody", "alice"):
            with pytest.raises(Refused, match=f"no active account '{name}'") as refused:
                call("inbox", "--as", name)
            assert refused.value.returncode == 1

    @pytest.mark.parametrize(
        "wanted",
        [("--queue", "legal"), ("--agent", "lawyer"), ("--tool", "send_letter")],
    )
    def test_filters_by_queue_agent_and_tool(self, refund, elsewhere, wanted):
        assert [row["id"] for row in told("inbox", *wanted)] == [str(elsewhere.pk)]

    def test_filters_by_risk_and_kind(self, refund):
        risky = factories.question(judgement={"risk": Risk.CRITICAL})
        asked = factories.question(kind=Kind.QUESTION, tool="ask_human", arguments={"question": "Why?"})

        assert [row["id"] for row in told("inbox", "--risk", "critical")] == [str(risky.pk)]
        assert [row["id"] for row in told("inbox", "--kind", "question")] == [str(asked.pk)]

    def test_tells_mine_from_unclaimed(self, refund, alice, bob):
        other, free = factories.question(), factories.question()
        interventions.claim(refund.pk, by=alice)
        interventions.claim(other.pk, by=bob)

        (mine,) = told("inbox", "--as", "alice", "--mine")
        assert (mine["id"], mine["status"], mine["claimed_by"]) == (str(refund.pk), "claimed", "alice")
        assert [row["id"] for row in told("inbox", "--as", "alice", "--unclaimed")] == [str(free.pk)]

    def test_asks_whose_when_told_mine_alone(self, refund):
        with pytest.raises(Misused) as misused:
            call("inbox", "--mine")
        assert misused.value.returncode == 2

    def test_refuses_a_name_that_is_no_text(self, refund):
        with pytest.raises(Refused, match="cannot be used"):
            call("inbox", "--as", "half a \ud83d")

    @pytest.mark.parametrize(
        "flags", [("--limit", "0"), ("--limit", "9" * 30), ("--limit", "x"), ("--risk", "awful"), ("--colour", "red")]
    )
    def test_calls_a_bad_flag_bad_usage(self, db, flags):
        with pytest.raises(Misused) as misused:
            call("inbox", *flags)
        assert misused.value.returncode == 2

    def test_is_bounded_and_says_what_it_left_out(self, alice):
        for _ in range(3):
            factories.question()

        assert len(told("inbox", "--limit", "2")) == 2
        assert noted("inbox", "--limit", "2").startswith("1 more wait")
        assert noted("inbox", "--limit", "3") == ""

    def test_doubts_the_name_of_a_queue_it_cannot_see(self, refund):
        assert told("inbox", "--as", "alice", "--queue", "suport") == []
        assert "'suport'" in noted("inbox", "--as", "alice", "--queue", "suport")
        assert "support" in noted("inbox", "--as", "alice", "--queue", "suport")

    def test_does_not_name_queues_to_charlie(self, refund, charlie):
        assert "There is: none" in noted("inbox", "--as", "charlie", "--queue", "x")

    def test_asks_the_database_no_more_often_for_many_rows(self, alice, django_assert_max_num_queries):
        for _ in range(4):
            factories.question()

        with django_assert_max_num_queries(6):
            assert len(told("inbox", "--as", "alice")) == 4

    def test_is_a_table_for_people(self, refund, alice):
        interventions.claim(refund.pk, by=alice)

        head, line = call("inbox", "--as", "bob").splitlines()

        assert head.split()[:5] == ["ID", "DUE", "RISK", "QUEUE", "AGENT"]
        assert line.startswith(str(refund.pk)[:8])
        assert "Refund 4820 to C-88213" in line
        assert line.endswith("alice")
        assert "in 4 h" in line or "in 240 min" in line

    def test_says_that_nothing_waits(self, alice):
        assert call("inbox", "--as", "alice") == "Nothing waits for you.\n"

    def test_says_how_late_a_question_is(self, refund, monkeypatch):
        monkeypatch.setattr(timezone, "now", lambda: refund.due_at + timezone.timedelta(minutes=8))

        assert "8 min late" in call("inbox")
