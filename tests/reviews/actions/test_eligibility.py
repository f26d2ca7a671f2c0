"""Who may decide a question, and why not."""

import pytest
from django.contrib.auth.models import Group

from reviews import catalog
from reviews.actions import eligibility, forks, gates, interventions, runs
from reviews.actions.eligibility import may_decide
from reviews.models import Decision, Intervention, Membership
from reviews.states import Ruling, RunStatus, Verdict
from tests import factories


def asks(question: Intervention, **policy) -> Intervention:
    """The question, as a rule with these words would have asked it."""
    question.policy |= policy
    question.save(update_fields=["policy"])
    return Intervention.objects.select_related("run", "queue").get(pk=question.pk)


def names(people):
    return [person.username for person in people]


def resumed(run):
    """The run, taken by a worker again after all its questions were decided."""
    run.refresh_from_db()
    assert run.status == RunStatus.QUEUED
    return factories.leased(run)


@pytest.fixture
def requested(alice):
    """A question of a run that alice started."""
    return factories.question(factories.leased(factories.run(by=alice)))


class TestMayDecide:
    def test_is_anybody_with_a_seat_where_the_rule_says_nothing(self, refund, alice, mara):
        assert may_decide(alice, refund) == may_decide(mara, refund) == ""

    @pytest.mark.parametrize("who", ["charlie", "otto", "admin"])
    def test_is_nobody_without_a_seat(self, refund, who, request):
        assert may_decide(request.getfixturevalue(who), refund) == (
            "You have no seat in the queue Support, whose reviewers decide this."
        )

    def test_is_nobody_whose_account_is_switched_off(self, refund, alice):
        alice.is_active = False
        assert "no seat" in may_decide(alice, refund)

    def test_lets_the_requester_decide_where_the_rule_does_not_mind(self, requested, alice):
        assert may_decide(alice, requested) == ""

    def test_is_not_the_requester_where_the_rule_minds(self, requested, alice, bob):
        item = asks(requested, not_by=["requester"])

        assert may_decide(alice, item) == "You started this run, and its rule wants somebody else to decide."
        assert may_decide(bob, item) == ""

    def test_is_not_the_requester_of_a_run_that_this_one_repeats(self, queue, alice, bob, mara):
        run = factories.leased(factories.run(by=alice))
        for person in (mara, mara, mara):
            gates.fail(run, "x", "y")
            run = factories.leased(runs.retry(run.pk, by=person))
        item = asks(factories.question(run), not_by=["requester"])

        assert may_decide(alice, item) == (
            "You started a run that this one repeats or goes on from, and its rule wants somebody else to decide."
        )
        assert "You started this run" in may_decide(mara, item)
        assert names(eligibility.eligible(item)) == ["bob"]
        assert may_decide(bob, item) == ""

    def test_is_not_the_requester_of_a_run_that_this_one_goes_on_from(self, requested, alice, bob, mara):
        run = forks.fork(requested.checkpoint_id, by=mara)
        item = asks(factories.question(factories.leased(run)), not_by=["requester"])

        assert "goes on from" in may_decide(alice, item)
        assert names(eligibility.electorate(item).order_by("username")) == ["bob"]

    def test_costs_no_statement_more_where_the_run_repeats_none(self, requested, bob, django_assert_num_queries):
        item = asks(requested, not_by=["requester"])
        with django_assert_num_queries(1):
            assert may_decide(bob, item) == ""

    def test_looks_once_for_where_a_run_comes_from(self, requested, alice, bob, mara, django_assert_num_queries):
        run = forks.fork(requested.checkpoint_id, by=mara)
        item = asks(factories.question(factories.leased(run)), not_by=["requester"])
        with django_assert_num_queries(1):
            assert [bool(eligibility.barred(person, item)) for person in (alice, mara, bob)] == [True, True, False]

    def test_is_anybody_where_the_system_started_the_run(self, refund, alice):
        assert may_decide(alice, asks(refund, not_by=["requester"])) == ""

    def test_is_no_owner_of_the_agent_where_the_rule_minds(self, refund, alice, bob):
        factories.card(owners=("alice",))
        item = asks(refund, not_by=["agent_owner"])

        assert may_decide(alice, item) == "You own this agent, and its rule wants somebody else to decide."
        assert may_decide(bob, item) == ""
        assert may_decide(alice, asks(refund, not_by=[])) == ""

    def test_is_no_owner_of_the_time_when_it_was_asked_whatever_the_code_says_since(self, queue, alice, bob):
        factories.card(owners=("alice",))
        item = factories.question(judgement={"not_by": ("agent_owner",)})
        catalog.withdraw(factories.AGENT)
        factories.card(owners=("bob",))
        item = Intervention.objects.select_related("run", "queue").get(pk=item.pk)

        assert may_decide(alice, item) == "You own this agent, and its rule wants somebody else to decide."
        assert may_decide(bob, item) == ""
        assert names(eligibility.eligible(item)) == ["bob"]

    def test_remembers_no_owners_where_the_rule_does_not_mind(self, queue, alice):
        factories.card(owners=("alice",))
        assert "owners" not in factories.question().policy

    def test_knows_no_owner_of_an_agent_that_is_not_registered_any_more(self, refund, alice):
        item = asks(refund, not_by=["agent_owner"])
        item.run.agent = "gone"
        assert may_decide(alice, item) == ""

    def test_is_only_the_group_that_is_asked(self, refund, alice, bob):
        alice.groups.add(Group.objects.create(name="treasury"))
        item = asks(refund, groups=["treasury", "board"])

        assert may_decide(alice, item) == ""
        assert may_decide(bob, item) == "Its rule asks members of treasury or board, and you are in none of them."

    def test_counts_a_seat_in_a_queue_of_that_name_as_membership(self, refund, bob):
        item = asks(refund, groups=["treasury"])
        assert may_decide(bob, item)

        factories.seat(bob, factories.queue("treasury"))
        assert may_decide(bob, item) == ""

    def test_needs_the_seat_beside_the_group(self, refund, charlie):
        charlie.groups.add(Group.objects.create(name="treasury"))
        assert "no seat" in may_decide(charlie, asks(refund, groups=["treasury"]))

    def test_costs_one_statement_where_the_policy_bars_nobody(self, refund, alice, django_assert_num_queries):
        item = Intervention.objects.select_related("run", "queue").get(pk=refund.pk)
        with django_assert_num_queries(1):
            may_decide(alice, item)


class TestEarlierVoters:
    """Who decided an earlier step of the same run."""

    @pytest.fixture
    def second(self, refund, alice):
        """The next question of a run whose first one alice decided."""
        interventions.decide(refund.pk, by=alice, verdict=Verdict.APPROVE)
        return asks(factories.question(resumed(refund.run), tool="send_email"), not_by=["earlier_voters"])

    def test_may_not_decide_the_next_step(self, second, alice, bob):
        assert may_decide(alice, second) == (
            "You decided an earlier step of this run, and its rule wants somebody new to decide this one."
        )
        assert may_decide(bob, second) == ""

    def test_are_not_those_of_the_same_gate(self, run, queue, alice):
        gates.park(run, factories.state(), [factories.proposal(), factories.proposal()])
        first, beside = run.interventions.order_by("tool_call")
        interventions.decide(first.pk, by=alice, verdict=Verdict.APPROVE)

        assert may_decide(alice, asks(beside, not_by=["earlier_voters"])) == ""

    def test_are_not_those_of_another_run(self, refund, second, alice):
        other = asks(factories.question(), not_by=["earlier_voters"])
        assert may_decide(alice, other) == ""

    def test_are_those_who_approved_the_call_whose_outcome_is_unknown(self, refund, alice, bob):
        interventions.decide(refund.pk, by=alice, verdict=Verdict.APPROVE)
        run = resumed(refund.run)
        gates.ask_outcome(run, [factories.begin(run, refund.tool_call.call_id)])
        unknown = asks(run.interventions.get(kind="unknown_outcome"), not_by=["earlier_voters"])

        assert unknown.checkpoint_id == refund.checkpoint_id
        assert "earlier step" in may_decide(alice, unknown)
        assert may_decide(bob, unknown) == ""

    def test_are_remembered_by_a_fork(self, refund, second, alice, bob, mara):
        fork = forks.fork(second.checkpoint_id, by=mara)
        asked = asks(factories.question(factories.leased(fork)), not_by=["earlier_voters"])

        assert "earlier step" in may_decide(alice, asked)
        assert may_decide(bob, asked) == ""

    def test_are_forgotten_where_an_edit_voided_their_vote(self, refund, second, alice):
        Decision.objects.filter(decided_by=alice).update(round=1)
        Intervention.objects.filter(pk=refund.pk).update(round=2)
        assert may_decide(alice, second) == ""


class TestEligible:
    def test_are_all_with_a_seat_by_name(self, refund, mara, bob, alice, charlie, otto, admin):
        assert names(eligibility.eligible(refund)) == ["alice", "bob", "mara"]

    def test_are_no_accounts_that_were_switched_off(self, refund, alice, bob):
        bob.is_active = False
        bob.save()
        assert names(eligibility.eligible(refund)) == ["alice"]

    @pytest.mark.parametrize(
        ("policy", "left"),
        [
            ({"not_by": ["requester"]}, ["bob", "mara"]),
            ({"not_by": ["agent_owner"]}, ["alice", "mara"]),
            ({"not_by": ["requester", "agent_owner"]}, ["mara"]),
            ({"groups": ["manager"]}, ["mara"]),
            ({"groups": ["manager", "reviewer"], "not_by": ["requester"]}, ["bob", "mara"]),
            ({"groups": ["nobody"]}, []),
        ],
    )
    def test_are_exactly_those_who_may_decide(self, requested, alice, bob, mara, charlie, policy, left):
        factories.card(owners=("bob",))
        item = asks(requested, **policy)

        assert names(eligibility.eligible(item)) == left
        assert [one.username for one in (alice, bob, mara, charlie) if not may_decide(one, item)] == left

    def test_leave_out_who_decided_an_earlier_step(self, refund, alice, bob):
        interventions.decide(refund.pk, by=alice, verdict=Verdict.APPROVE)
        item = asks(factories.question(resumed(refund.run)), not_by=["earlier_voters"])
        assert names(eligibility.eligible(item)) == ["bob"]

    def test_are_found_with_one_statement_and_not_without_end(
        self, requested, alice, bob, mara, django_assert_num_queries, monkeypatch
    ):
        item = asks(requested, not_by=["requester", "agent_owner", "earlier_voters"], groups=["reviewer", "manager"])
        monkeypatch.setattr(eligibility, "MOST", 1)
        with django_assert_num_queries(1):
            assert names(eligibility.eligible(item)) == ["bob"]

    def test_follow_a_seat_that_is_given_and_taken(self, refund, alice, charlie, queue):
        factories.seat(charlie, queue)
        Membership.objects.filter(user=alice).delete()
        assert names(eligibility.eligible(refund)) == ["charlie"]


def test_a_let_through_call_is_nobodys_earlier_step(run, queue, alice):
    gates.park(run, factories.state(), [factories.proposal(ruling=Ruling.LET_THROUGH)])
    item = asks(factories.question(run), not_by=["earlier_voters"])
    assert may_decide(alice, item) == ""
