"""Several people decide one question."""

import json

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from reviews.actions import Conflict, Invalid, gates, interventions, runs
from reviews.actions.eligibility import NotEligible
from reviews.models import AuditEntry, Decision, Event, Span
from reviews.states import Kind, RunStatus, ToolCallStatus
from tests import factories
from tests.reviews import desk_data
from tests.reviews.actions.conftest import book
from tests.reviews.actions.votes import asked, bound, vote

LESS = {"customer_id": "C-88213", "amount": 100}
LEAST = {"customer_id": "C-88213", "amount": 50}


def data_of(action):
    return json.loads(AuditEntry.objects.filter(action=f"intervention.{action}").last().data)


@pytest.fixture
def refund(queue):
    """A refund that two people must approve."""
    return asked()


class TestFirstVote:
    def test_leaves_it_open_and_the_run_waiting(self, refund, alice):
        vote(refund, alice)

        assert (refund.status, refund.outcome, refund.decided_at) == ("pending", "", None)
        assert refund.run.status == RunStatus.AWAITING_REVIEW
        assert refund.tool_call.status == ToolCallStatus.PROPOSED

    def test_counts_and_changes_the_version_so_that_others_learn(self, refund, alice):
        vote(refund, alice)
        assert (refund.votes, refund.progress, refund.version, refund.round) == (1, "1 of 2 approvals", 2, 1)

    def test_gives_the_claim_up(self, refund, alice, bob):
        interventions.claim(refund.pk, by=alice)
        vote(refund, alice)

        assert (refund.status, refund.claimed_by) == ("pending", None)
        assert interventions.claim(refund.pk, by=bob).claimed_by == bob

    def test_is_an_entry_of_its_own(self, refund, alice, bob):
        vote(refund, alice, note="Fine.", reason="Called them.")

        assert book()[-1] == "intervention.voted"
        assert data_of("voted") | {"proposal": 0} == {
            "verdict": "approve",
            "round": 1,
            "approvals": {"needed": 2, "given": 1},
            "kind": "tool_approval",
            "tool": "issue_refund",
            "call_id": refund.tool_call.call_id,
            "proposal": 0,
            "proposal_digest": refund.digest,
            "replacement": None,
            "note": "Fine.",
            "reason": "Called them.",
            "context": "",
        }

    def test_leaves_no_step_in_the_trace_before_all_is_settled(self, refund, alice):
        vote(refund, alice)
        assert not Span.objects.exists()

    def test_needs_the_reason_that_the_rule_asks_for(self, refund, alice):
        bound(refund, reason_required=True)
        with pytest.raises(Invalid):
            vote(refund, alice)


class TestSecondVote:
    def test_settles_it_and_queues_the_run(self, refund, alice, bob):
        vote(refund, alice)
        vote(refund, bob)

        assert (refund.status, refund.outcome, refund.votes, refund.given) == ("decided", "approved", 2, 2)
        assert refund.tool_call.status == ToolCallStatus.APPROVED
        assert refund.run.status == RunStatus.QUEUED
        assert book()[-2:] == ["intervention.voted", "intervention.decided"]
        assert data_of("decided") == {
            "outcome": "approved",
            "round": 1,
            "votes": [{"by": "alice", "verdict": "approve"}, {"by": "bob", "verdict": "approve"}],
        }

    def test_of_the_same_person_is_a_conflict_and_records_nothing(self, refund, alice):
        vote(refund, alice)
        before = book()
        with pytest.raises(Conflict, match="You have voted on this already"):
            vote(refund, alice)

        assert (book(), Decision.objects.count()) == (before, 1)

    def test_of_who_has_voted_cannot_be_prepared_by_a_claim(self, refund, alice):
        vote(refund, alice)
        with pytest.raises(Conflict, match="You have voted"):
            interventions.claim(refund.pk, by=alice)

    def test_on_the_version_before_the_first_is_refused(self, refund, alice, bob):
        vote(refund, alice, version=1)
        with pytest.raises(Conflict, match="has changed since you opened it"):
            vote(refund, bob, version=1)
        vote(refund, bob, version=2)

    def test_is_one_step_of_the_trace_that_names_both(self, refund, alice, bob):
        vote(refund, alice)
        vote(refund, bob)
        assert Span.objects.get().data["by"] == "alice and bob"

    def test_too_late_learns_who_settled_it(self, refund, alice, bob, mara):
        vote(refund, alice)
        vote(refund, bob)
        with pytest.raises(Conflict, match="alice and bob approved this item on"):
            vote(refund, mara)

    def test_waits_for_a_third_where_three_must_agree(self, queue, alice, bob, mara):
        item = asked(3)
        vote(item, alice)
        vote(item, bob)
        assert (item.is_open, item.progress) == (True, "2 of 3 approvals")
        vote(item, mara)
        assert item.outcome == "approved"


class TestRejection:
    def test_by_one_rejects_at_once(self, refund, alice, bob):
        vote(refund, alice)
        vote(refund, bob, "reject", note="Too much.")

        assert (refund.outcome, refund.given) == ("rejected", 1)
        assert refund.tool_call.output == "A human reviewer rejected this call. Feedback: Too much."
        assert refund.run.rejections == 1

    def test_as_the_first_vote_settles_it(self, refund, alice):
        vote(refund, alice, "reject")
        assert (refund.outcome, refund.votes) == ("rejected", 0)
        assert book()[-2:] == ["intervention.voted", "intervention.decided"]

    def test_by_a_majority_needs_as_many_as_approvals(self, queue, alice, bob, mara):
        item = asked(rules={"rejecting": "majority"})
        vote(item, alice, "reject", note="Too much.")
        assert (item.is_open, item.run.rejections) == (True, 0)
        vote(item, bob)
        assert (item.is_open, item.progress) == (True, "2 votes, 2 alike decide")
        vote(item, mara, "reject", note="Not ours to pay.")

        assert (item.outcome, item.run.rejections) == ("rejected", 1)
        assert item.tool_call.output == ("A human reviewer rejected this call. Feedback: Too much.\n\nNot ours to pay.")

    def test_by_a_minority_does_not_stand_in_the_way(self, queue, alice, bob, mara):
        item = asked(rules={"rejecting": "majority"})
        vote(item, alice, "reject")
        vote(item, bob)
        vote(item, mara)

        assert item.outcome == "approved"
        assert [one.decided_by for one in Decision.objects.deciding()] == [bob, mara]


class TestEdit:
    """An edit puts something else to the vote."""

    def test_voids_the_votes_before_it_and_is_the_first_of_its_round(self, refund, alice, bob):
        vote(refund, alice)
        vote(refund, bob, "edit", replacement=LESS)

        assert (refund.is_open, refund.round, refund.votes) == (True, 2, 1)
        assert refund.proposal == factories.ARGUMENTS  # the agent's proposal stays what it was
        assert book()[-2:] == ["intervention.votes_voided", "intervention.voted"]
        assert data_of("votes_voided") == {"round": 1, "votes": [{"by": "alice", "verdict": "approve"}]}

    def test_keeps_the_voided_votes_in_the_history(self, refund, alice, bob):
        vote(refund, alice, note="Fine.")
        vote(refund, bob, "edit", replacement=LESS)
        assert list(Decision.objects.values_list("decided_by__username", "round", "note")) == [
            ("alice", 1, "Fine."),
            ("bob", 2, ""),
        ]

    def test_as_the_first_vote_voids_nothing(self, refund, alice):
        vote(refund, alice, "edit", replacement=LESS)
        assert (refund.round, refund.votes) == (2, 1)
        assert "intervention.votes_voided" not in book()

    def test_runs_as_edited_once_a_second_person_agrees(self, refund, alice, bob):
        vote(refund, alice, "edit", replacement=LESS)
        agreed = vote(refund, bob, "approve")

        assert (refund.outcome, refund.tool_call.executed) == ("edited", LESS)
        assert (agreed.verdict, agreed.replacement) == ("edit", LESS)  # a vote says itself what it agreed to

    def test_lets_those_vote_again_whose_votes_it_voided(self, refund, alice, bob):
        vote(refund, alice)
        vote(refund, bob, "edit", replacement=LESS)
        vote(refund, alice)
        assert (refund.outcome, refund.tool_call.executed) == ("edited", LESS)

    def test_cannot_be_agreed_to_by_its_author(self, refund, alice):
        vote(refund, alice, "edit", replacement=LESS)
        with pytest.raises(Conflict, match="You have voted"):
            vote(refund, alice)

    def test_of_an_edit_opens_the_next_round(self, refund, alice, bob, mara):
        vote(refund, alice, "edit", replacement=LESS)
        vote(refund, bob, "edit", replacement=LEAST)
        assert (refund.round, refund.votes) == (3, 1)
        vote(refund, alice)
        assert refund.tool_call.executed == LEAST

    def test_that_changes_nothing_of_what_is_under_vote_is_refused(self, refund, alice, bob):
        vote(refund, alice, "edit", replacement=LESS)
        with pytest.raises(Invalid, match="Nothing was changed"):
            vote(refund, bob, "edit", replacement=LESS)

    def test_back_to_the_proposal_is_a_vote_for_the_proposal(self, refund, alice, bob):
        vote(refund, alice, "edit", replacement=LESS)
        vote(refund, bob, "edit", replacement=factories.ARGUMENTS)
        assert (refund.is_open, refund.round) == (True, 3)
        vote(refund, alice)
        assert (refund.outcome, refund.tool_call.executed) == ("approved", None)

    def test_can_be_rejected_and_the_call_with_it(self, refund, alice, bob):
        vote(refund, alice, "edit", replacement=LESS)
        vote(refund, bob, "reject")
        assert (refund.outcome, refund.tool_call.status) == ("rejected", "refused")

    def test_voids_rejections_too(self, queue, alice, bob, mara):
        item = asked(rules={"rejecting": "majority"})
        vote(item, alice, "reject")
        vote(item, bob, "edit", replacement=LESS)
        vote(item, mara, "reject")
        assert item.is_open

    def test_must_meet_the_schema_before_it_is_put_to_the_vote(self, refund, alice):
        with pytest.raises(Invalid):
            vote(refund, alice, "edit", replacement={"amount": "much"})
        assert not Decision.objects.exists()

    def test_needs_no_second_person_where_one_is_enough(self, queue, alice):
        item = asked(1)
        vote(item, alice, "edit", replacement=LESS)
        assert (item.outcome, item.round, item.votes) == ("edited", 1, 0)
        assert book()[-1] == "intervention.edit"

    @pytest.mark.parametrize("verdict", ["approve", "reject"])
    def test_is_not_decided_by_who_cannot_have_seen_it(self, refund, alice, bob, verdict):
        vote(refund, alice, "edit", replacement=LESS)
        with pytest.raises(Conflict, match="something else to the vote.*it is version 2"):
            interventions.decide(refund.pk, by=bob, verdict=verdict)

        refund.refresh_from_db()
        assert (refund.is_open, refund.votes) == (True, 1)

    def test_on_an_older_version_is_refused(self, refund, alice, bob):
        vote(refund, alice, "edit", replacement=LESS, version=1)
        with pytest.raises(Conflict, match="has changed"):
            vote(refund, bob, version=1)
        assert refund.is_open


class TestOtherKinds:
    def test_an_override_waits_for_a_second_person(self, refund, alice, bob):
        vote(refund, alice, "override", replacement="Paid by hand.")
        assert refund.is_open
        vote(refund, bob)
        assert (refund.outcome, refund.tool_call.output) == ("overridden", "Paid by hand.")

    def test_a_different_override_is_put_to_the_vote_anew(self, refund, alice, bob):
        vote(refund, alice, "override", replacement="Paid by hand.")
        vote(refund, bob, "override", replacement="Not paid.")
        assert (refund.is_open, refund.round, refund.votes) == (True, 3, 1)

    def test_the_same_override_written_twice_is_agreement(self, refund, alice, bob):
        vote(refund, alice, "override", replacement="Paid by hand.")
        vote(refund, bob, "override", replacement=" Paid by hand. ")
        assert refund.outcome == "overridden"

    def test_an_edit_after_an_override_may_be_what_the_agent_proposed(self, refund, alice, bob):
        vote(refund, alice, "override", replacement="Paid by hand.")
        vote(refund, bob, "edit", replacement=factories.ARGUMENTS)
        vote(refund, alice)
        assert (refund.outcome, refund.tool_call.status) == ("approved", "approved")

    def test_an_answer_is_agreed_to_by_approving_it(self, queue, alice, bob):
        item = asked(kind=Kind.QUESTION, tool="ask_human", arguments={"question": "Which?"})
        with pytest.raises(Invalid):
            vote(item, alice)
        vote(item, alice, "answer", replacement="The left one.")
        assert (item.is_open, item.verdicts) == (True, ("approve", "answer", "reject"))
        vote(item, bob)
        assert (item.outcome, item.tool_call.output) == ("answered", "The left one.")

    def test_a_final_output_is_released_by_two(self, queue, alice, bob):
        item = bound(desk_data.output(), approvals=2)
        vote(item, alice, "edit", replacement={"output": "Dear customer."})
        assert item.run.status == RunStatus.AWAITING_REVIEW
        vote(item, bob)
        assert (item.outcome, item.run.status) == ("edited", RunStatus.QUEUED)

    def test_an_unknown_outcome_is_settled_by_two(self, queue, alice, bob):
        item = bound(desk_data.unknown(), approvals=2)
        vote(item, alice, "override", replacement="Receipt 7")
        assert item.tool_call.status == "unknown"
        vote(item, bob)
        assert (item.tool_call.status, item.tool_call.output) == ("done", "Receipt 7")

    def test_an_unknown_outcome_needs_as_many_as_its_call_did(self, run, queue, alice, bob):
        item = asked(on=run, rules={"not_by": ["requester"], "rejecting": "majority"})
        vote(item, alice)
        vote(item, bob)
        again = factories.leased(item.run)
        gates.ask_outcome(again, [factories.begin(again, item.tool_call.call_id)])

        unknown = again.interventions.get(kind=Kind.UNKNOWN_OUTCOME)
        assert (unknown.needed, unknown.needed_against, unknown.policy["not_by"]) == (2, 2, ["requester"])
        vote(unknown, alice)
        assert (unknown.is_open, unknown.progress) == (True, "1 vote, 2 alike decide")

    def test_a_run_is_ended_by_one_who_rejects_an_unknown_outcome(self, queue, alice):
        item = bound(desk_data.unknown(), approvals=2)
        vote(item, alice, "reject")
        assert item.run.status == RunStatus.FAILED


class TestWhoMayVote:
    def test_is_not_the_requester(self, alice, bob):
        item = asked(on=factories.leased(factories.run(by=alice)), rules={"not_by": ["requester"]})
        with pytest.raises(NotEligible, match="You started this run"):
            vote(item, alice)
        with pytest.raises(NotEligible, match="You started this run"):
            interventions.claim(item.pk, by=alice)

        assert not Decision.objects.exists()
        assert book()[-1] == "run.checkpoint_saved" or book()[-1] == "intervention.opened"

    def test_is_asked_again_in_the_transaction(self, refund, alice, bob):
        bound(refund, groups=["treasury"])
        factories.seat(alice, factories.queue("treasury"))
        vote(refund, alice)
        with pytest.raises(NotEligible, match="members of treasury"):
            vote(refund, bob)

    def test_a_vote_stands_when_its_author_leaves_the_queue(self, refund, alice, bob):
        vote(refund, alice)
        alice.memberships.all().delete()
        vote(refund, bob)
        assert refund.outcome == "approved"

    def test_who_has_left_votes_no_more(self, refund, alice, bob):
        vote(refund, alice)
        bob.memberships.all().delete()
        with pytest.raises(PermissionDenied):
            vote(refund, bob)

    def test_late_learns_of_the_end_before_anything_else(self, alice, bob, mara):
        item = asked(on=factories.leased(factories.run(by=alice)), rules={"not_by": ["requester"]})
        vote(item, bob)
        vote(item, mara)
        with pytest.raises(Conflict, match="bob and mara approved"):
            vote(item, alice)


class TestWithOthers:
    def test_a_stopped_run_withdraws_a_question_that_is_half_voted(self, run, queue, alice, bob):
        first = asked(on=run)
        vote(first, alice)
        runs.stop(run.pk, by=alice)

        first.refresh_from_db()
        assert (first.status, first.votes) == ("cancelled", 1)
        with pytest.raises(Conflict, match="alice stopped the run"):
            vote(first, bob)

    def test_takes_one_vote_of_a_person_in_a_round(self, refund, alice):
        one = vote(refund, alice)
        with pytest.raises(IntegrityError), transaction.atomic():
            Decision.objects.create(intervention=refund, verdict="approve", decided_by=alice, created_at=one.created_at)
        Decision.objects.create(
            intervention=refund, verdict="approve", decided_by=alice, round=2, created_at=one.created_at
        )

    def test_tells_the_history_of_the_run_as_well(self, refund, alice, bob):
        vote(refund, alice)
        vote(refund, bob)
        told = Event.objects.filter(intervention=refund).values_list("kind", flat=True)
        assert list(told) == [
            *("intervention.opened", "intervention.voted", "intervention.voted", "intervention.decided"),
        ]
