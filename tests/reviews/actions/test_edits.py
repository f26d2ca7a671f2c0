"""What the rules say of arguments that a reviewer wrote."""

import json

import pytest
from django.contrib.auth.models import Group

from reviews.actions import Conflict, Invalid, gates
from reviews.models import AuditEntry, Decision
from reviews.states import ToolCallStatus
from tests import factories
from tests.reviews.actions.conftest import book
from tests.reviews.actions.votes import asked, bound, in_force, vote

SMALL, MIDDLE, HUGE = ({"customer_id": "C-88213", "amount": amount} for amount in (100.0, 6000.0, 99_999.0))
REFUSE = {"tool": "issue_refund", "ruling": "refuse", "when": "amount > 10000", "name": "Never that much"}
ASK = {"tool": "issue_refund"}


def over_5000(**more):
    return {"tool": "issue_refund", "when": "amount > 5000", "name": "Much money", **more}


@pytest.fixture
def refund(queue):
    """A small refund that one person must approve."""
    return asked(1, arguments=SMALL)


class TestRefused:
    def test_is_an_edit_that_a_rule_refuses_and_it_says_why(self, refund, alice):
        in_force(REFUSE, ASK)
        with pytest.raises(Invalid) as refused:
            vote(refund, alice, "edit", replacement=HUGE)

        assert refused.value.errors == {
            "replacement": "The rule “Never that much” refuses these arguments: amount is 99,999.00; the rule is"
            " amount > 10,000."
        }
        refund.refresh_from_db()
        assert (refund.is_open, refund.tool_call.status) == (True, ToolCallStatus.PROPOSED)
        assert not Decision.objects.exists()

    def test_is_not_what_the_agent_proposed_when_the_rules_were_others(self, queue, alice):
        item = asked(1, arguments=HUGE)
        in_force(REFUSE)
        vote(item, alice)
        assert item.outcome == "approved"  # what was asked keeps its rule

    def test_is_an_edit_in_a_later_round_too(self, queue, alice, bob):
        item = asked(2, arguments=SMALL)
        in_force(REFUSE)
        vote(item, alice, "edit", replacement=MIDDLE)
        with pytest.raises(Invalid):
            vote(item, bob, "edit", replacement=HUGE)

    def test_is_nothing_of_an_agent_the_policy_does_not_speak_of(self, refund, alice):
        in_force({**REFUSE, "agent": "Somebody else"})
        vote(refund, alice, "edit", replacement=HUGE)
        assert refund.tool_call.executed == HUGE

    def test_may_hang_on_the_run_and_on_who_asked_for_it(self, queue, alice, bob):
        alice.groups.add(Group.objects.create(name="treasury"))
        in_force({**REFUSE, "when": ["amount > 10000", "requester.groups contains treasury", "run.queue = support"]})
        item = asked(1, on=factories.leased(factories.run(by=alice)), arguments=SMALL)
        with pytest.raises(Invalid):
            vote(item, bob, "edit", replacement=HUGE)


class TestPassing:
    def test_settles_it_where_the_rule_asks_for_no_more(self, refund, alice):
        in_force(REFUSE, over_5000())
        vote(refund, alice, "edit", replacement=MIDDLE)

        assert (refund.outcome, refund.tool_call.executed, refund.round) == ("edited", MIDDLE, 1)
        assert "intervention.demand_raised" not in book()

    def test_takes_nothing_of_the_demand_away(self, queue, alice):
        item = asked(2, arguments=MIDDLE, rules={"groups": ["manager", "reviewer"], "not_by": ["requester"]})
        in_force({"tool": "issue_refund", "ruling": "allow"})
        vote(item, alice, "edit", replacement=SMALL)
        assert (item.is_open, item.needed, item.policy["not_by"]) == (True, 2, ["requester"])


class TestStricterRule:
    def test_makes_the_edit_the_first_vote_of_those_it_asks_for(self, refund, alice, bob):
        in_force(over_5000(approvals=2))
        vote(refund, alice, "edit", replacement=MIDDLE)

        assert (refund.is_open, refund.round, refund.votes, refund.progress) == (True, 2, 1, "1 of 2 approvals")
        assert refund.tool_call.status == ToolCallStatus.PROPOSED
        with pytest.raises(Conflict, match="You have voted"):
            vote(refund, alice)
        vote(refund, bob)
        assert (refund.outcome, refund.tool_call.executed) == ("edited", MIDDLE)

    def test_is_in_the_book_before_the_vote(self, refund, alice, bob):
        made = in_force(over_5000(approvals=2))
        vote(refund, alice, "edit", replacement=MIDDLE)

        assert book()[-2:] == ["intervention.demand_raised", "intervention.voted"]
        entry = AuditEntry.objects.get(action="intervention.demand_raised")
        told = json.loads(entry.data)
        assert (entry.actor_type, told) == (
            "policy",
            {
                "policy": "rules",
                "version": made.version,
                "rule": "Much money",
                "why": "amount is 6,000.00; the rule is amount > 5,000.",
                "approvals": 2,
            },
        )

    def test_voids_what_was_given_to_the_proposal(self, queue, alice, bob, mara):
        item = asked(2, arguments=SMALL)
        in_force(over_5000(approvals=3))
        vote(item, alice)
        vote(item, bob, "edit", replacement=MIDDLE)
        vote(item, alice)
        assert (item.is_open, item.progress) == (True, "2 of 3 approvals")
        vote(item, mara)
        assert item.outcome == "edited"

    def test_holds_for_the_edits_after_it(self, refund, alice, bob):
        in_force(over_5000(approvals=2))
        vote(refund, alice, "edit", replacement=MIDDLE)
        vote(refund, bob, "edit", replacement={**SMALL, "amount": 50.0})
        assert (refund.is_open, refund.needed, refund.round) == (True, 2, 3)

    def test_bars_who_started_the_run_and_wants_another(self, queue, alice, bob):
        item = asked(1, on=factories.leased(factories.run(by=alice)), arguments=SMALL)
        in_force(over_5000(not_by=["requester"]))
        with pytest.raises(Invalid, match="You started this run"):
            vote(item, alice, "edit", replacement=MIDDLE)
        vote(item, bob, "edit", replacement=MIDDLE)
        assert (item.outcome, item.policy["not_by"]) == ("edited", ["requester"])

    def test_remembers_the_owners_it_bars(self, queue, alice, bob):
        factories.card(owners=("alice",))
        item = asked(1, arguments=SMALL)
        in_force(over_5000(not_by=["agent_owner"], approvals=2))
        with pytest.raises(Invalid, match="too few others"):
            vote(item, bob, "edit", replacement=MIDDLE)
        factories.seat(factories.user("carla"), queue)
        vote(item, bob, "edit", replacement=MIDDLE)
        assert item.policy["owners"] == ["alice"]

    @pytest.mark.parametrize("rule", [{"groups": ["treasury"]}, {"queue": "treasury"}])
    def test_wants_its_own_people(self, refund, alice, bob, rule):
        factories.seat(alice, factories.queue("treasury"))
        in_force(over_5000(**rule))
        with pytest.raises(Invalid, match="Its rule asks members of treasury"):
            vote(refund, bob, "edit", replacement=MIDDLE)
        vote(refund, alice, "edit", replacement=MIDDLE)
        assert (refund.outcome, refund.policy["groups"]) == ("edited", ["treasury"])

    @pytest.mark.parametrize(
        ("had", "wants", "then"),
        [
            (["treasury", "board"], ["board", "legal"], ["board"]),
            (["treasury"], [], ["treasury"]),
            ([], ["board"], ["board"]),
        ],
    )
    def test_wants_people_who_are_asked_by_both_rules_where_there_are_any(self, queue, alice, had, wants, then):
        for name in {*had, *wants}:
            factories.seat(alice, factories.queue(name))
        item = asked(1, arguments=SMALL, rules={"groups": had})
        in_force(over_5000(groups=wants))
        vote(item, alice, "edit", replacement=MIDDLE)
        assert item.policy["groups"] == then

    def test_is_refused_where_the_two_rules_ask_different_people(self, queue, alice, bob):
        for name in ("legal", "finance"):
            factories.seat(alice, factories.queue(name))
        item = asked(2, arguments=SMALL, rules={"groups": ["legal"]})
        in_force(over_5000(groups=["finance"]))
        with pytest.raises(Invalid, match="asks members of finance; this was asked of legal"):
            vote(item, alice, "edit", replacement=MIDDLE)
        item.refresh_from_db()
        assert (item.policy["groups"], item.votes) == (["legal"], 0)

    def test_stands_in_the_book_where_the_edit_itself_settles_it(self, refund, alice):
        in_force(over_5000(groups=["reviewer", "support"]))
        vote(refund, alice, "edit", replacement=MIDDLE)
        assert refund.outcome == "edited"
        assert [act for act in book() if "demand" in act or act == "intervention.edit"] == [
            "intervention.demand_raised",
            "intervention.edit",
        ]

    def test_is_refused_where_too_few_are_left_to_agree(self, refund, alice):
        in_force(over_5000(approvals=2))
        with pytest.raises(Invalid, match="wants 2 approvals, and too few others"):
            vote(refund, alice, "edit", replacement=MIDDLE)
        refund.refresh_from_db()
        assert (refund.is_open, refund.needed, refund.version) == (True, 1, 1)

    def test_asks_for_a_reason(self, refund, alice):
        in_force(over_5000(reason_required=True))
        with pytest.raises(Invalid, match="Much money.*asks for your reason"):
            vote(refund, alice, "edit", replacement=MIDDLE)
        vote(refund, alice, "edit", replacement=MIDDLE, reason="They called.")
        assert refund.outcome == "edited"

    def test_lets_time_that_runs_out_approve_nothing_any_more(self, refund, alice, bob):
        frozen = {**refund.policy["time"], "body": {**refund.policy["time"]["body"], "final": {"do": "approve"}}}
        bound(refund, time=frozen)
        in_force(over_5000(approvals=2))
        vote(refund, alice, "edit", replacement=MIDDLE)
        assert refund.policy["time"]["body"]["final"]["do"] == "reject"

    def test_does_not_stand_in_the_way_of_rejecting(self, refund, alice, bob):
        in_force(over_5000(approvals=2))
        vote(refund, alice, "edit", replacement=MIDDLE)
        vote(refund, bob, "reject", note="No.")
        assert (refund.outcome, refund.tool_call.status) == ("rejected", "refused")


class TestFinalOutputs:
    """A text that a reviewer wrote in the agent's name."""

    IBAN = {"tool": "*", "kind": "final_output", "when": "output matches (?i)iban", "name": "Bank data"}

    @pytest.fixture
    def letter(self, queue):
        return gates.ask_release(factories.leased(factories.run(by=None)), factories.state(), "Dear Ann", {})

    def test_is_judged_as_what_the_agent_writes_is(self, letter, alice, bob):
        in_force({**self.IBAN, "approvals": 2, "not_by": ["requester"]})
        vote(letter, alice, "edit", replacement={"output": "Your IBAN is DE00 1234"})
        assert (letter.is_open, letter.needed, letter.policy["not_by"]) == (True, 2, ["requester"])
        assert "intervention.demand_raised" in book()

        vote(letter, bob)
        assert letter.outcome == "edited"

    def test_is_released_by_one_where_no_rule_asks_for_more(self, letter, alice):
        in_force({**self.IBAN, "approvals": 2})
        vote(letter, alice, "edit", replacement={"output": "Dear Anna"})
        assert letter.outcome == "edited" and "intervention.demand_raised" not in book()

    def test_says_which_rule_covers_the_text(self, letter, alice):
        in_force({**self.IBAN, "reason_required": True})
        with pytest.raises(Invalid, match="covers this text and asks for your reason"):
            vote(letter, alice, "edit", replacement={"output": "IBAN DE00"})
