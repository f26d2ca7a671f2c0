"""How people are asked about what they are always asked: final outputs and unknown outcomes."""

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied

from reviews.actions import Invalid, assignments, eligibility, gates
from reviews.actions.eligibility import NotEligible
from reviews.models import CallIn, Notice
from reviews.notices import wording
from reviews.states import Kind, Risk, Ruling, Verdict
from reviews.web import bell
from tests import factories
from tests.reviews import desk_data
from tests.reviews.actions.votes import asked, bound, in_force, vote

OUTPUT = {"tool": "*", "kind": "final_output"}
OUTCOME = {"tool": "*", "kind": "unknown_outcome"}


def released(text="Dear Ann", on=None):
    return gates.ask_release(on or factories.leased(), factories.state(), text, {})


def lost(question):
    """The question what became of a call that was approved, whose worker then died."""
    run = factories.leased(question.run)
    gates.ask_outcome(run, [factories.begin(run, question.tool_call.call_id)])
    return run.interventions.get(kind=Kind.UNKNOWN_OUTCOME)


def lost_unasked():
    """The same of a call that nobody was asked about."""
    run = factories.leased()
    gates.park(run, factories.state(), [factories.proposal(call_id="c1", ruling=Ruling.LET_THROUGH)])
    gates.ask_outcome(run, [factories.begin(run, "c1")])
    return run.interventions.get()


class TestFinalOutput:
    def test_is_asked_as_ever_where_no_rule_speaks_of_it(self, queue):
        in_force({"tool": "*", "approvals": 3, "risk": "critical"}, OUTCOME | {"approvals": 3})
        item = released()

        assert (item.needed, item.risk, item.queue) == (1, Risk.HIGH, queue)
        assert item.why == "Every output of this agent is reviewed before it is released."
        assert (item.due_at - item.created_at).total_seconds() == 3600

    def test_is_asked_as_its_rule_says(self, queue, alice, bob):
        legal = factories.queue("legal")
        in_force(
            OUTPUT
            | {
                **{"name": "Letters", "title": "Letter: {output}", "queue": "legal", "risk": "critical"},
                **{"approvals": 2, "not_by": ["requester"], "verdicts": ["approve", "reject"]},
                **{"reason_required": True, "presets": ["Too long"]},
            }
        )
        for person in (alice, bob):
            factories.seat(person, legal)
        item = released(on=factories.leased(factories.run(by=alice)))

        assert (item.queue, item.risk, item.needed, item.title) == (legal, Risk.CRITICAL, 2, "Letter: Dear Ann")
        assert item.verdicts == (Verdict.APPROVE, Verdict.REJECT)
        item.refresh_from_db()
        assert [item.policy[key] for key in ("policy", "rule", "presets")] == ["rules", "Letters", ["Too long"]]
        assert item.why == (
            "Every output of this agent is reviewed before it is released."
            " The rule “Letters” covers every final output."
        )
        assert (item.due_at - item.created_at).total_seconds() == 900
        with pytest.raises(NotEligible, match="You started this run"):
            vote(item, alice, reason="Good.")
        with pytest.raises(Invalid, match="asks for your reason"):
            vote(item, bob)

    def test_is_read_by_conditions_as_output(self, queue):
        in_force(OUTPUT | {"when": "output contains refund", "approvals": 2})
        assert [released(text).needed for text in ("Your refund is on its way", "Good morning")] == [2, 1]

    def test_is_asked_by_a_structured_part_of_it(self, queue):
        in_force(OUTPUT | {"when": ["output.total > 100", "run.agent = clerk"], "approvals": 2})
        item = released({"total": 120})
        assert (item.needed, item.policy["seen"]) == (2, "output.total is 120; run.agent is clerk")

    def test_keeps_its_risk_where_the_rule_says_a_lower_one(self, queue):
        in_force(OUTPUT | {"risk": "low"})
        item = released()
        assert (item.risk, (item.due_at - item.created_at).total_seconds()) == (Risk.HIGH, 3600)

    def test_is_due_when_its_rule_says(self, queue):
        in_force(OUTPUT | {"due_in": 4 * 3600 + 1})
        item = released()
        assert (item.due_at - item.created_at).total_seconds() == 4 * 3600 + 1

    def test_is_edited_without_being_judged_as_a_call(self, queue, alice):
        in_force({"tool": "*", "ruling": "refuse"})
        item = desk_data.output()
        vote(item, alice, "edit", replacement={"output": "Dear Bea"})
        assert item.outcome == "edited"


class TestUnknownOutcome:
    def test_is_asked_as_ever_where_nobody_was_asked_before_and_no_rule_speaks_of_it(self, queue):
        in_force({"tool": "issue_refund", "approvals": 3})
        item = lost_unasked()
        assert (item.needed, item.risk, item.queue, item.policy["name"]) == (1, Risk.CRITICAL, queue, "Unknown outcome")
        assert (item.due_at - item.created_at).total_seconds() == 900

    def test_is_asked_as_its_rule_says(self, queue):
        in_force(OUTCOME | {"tool": "issue_*", "when": "amount > 1000", "approvals": 2, "name": "Much is at stake"})
        item = lost_unasked()
        assert (item.needed, item.title) == (2, "Did issue_refund happen?")
        assert item.why.endswith(
            "a worker that only hangs may even do it later. amount is 4,820.00; the rule is amount > 1,000."
        )

    def test_judges_what_was_run_where_the_call_was_edited(self, queue, alice):
        item = asked(1)
        vote(item, alice, "edit", replacement={**factories.ARGUMENTS, "amount": 10})
        in_force(OUTCOME | {"when": "amount > 1000", "approvals": 2})
        assert lost(item).needed == 1

    def test_goes_to_the_queue_that_approved_the_call(self, queue, alice):
        legal, lea = factories.queue("legal"), factories.user("lea")
        factories.seat(lea, legal)
        item = factories.question(judgement={"queue": "legal"})
        vote(item, lea)

        unknown = lost(item)
        assert unknown.queue == legal
        with pytest.raises(PermissionDenied):
            vote(unknown, alice)
        vote(unknown, lea)

    def test_can_be_answered_by_the_group_that_approved_the_call(self, queue, alice):
        legal, lea = factories.queue("legal"), factories.user("lea")
        factories.seat(lea, legal)
        item = factories.question(judgement={"queue": "legal", "groups": ("legal",)})
        vote(item, lea)
        assert eligibility.eligible(lost(item)) == [lea]

    def test_wants_the_reason_and_the_time_limits_of_the_call(self, queue, alice):
        item = asked(1, judgement={"reason_required": True, "escalation": "gone"})
        vote(item, alice, reason="Checked.")
        unknown = lost(item)
        assert unknown.policy["escalation"] == "gone"
        with pytest.raises(Invalid, match="asks for your reason"):
            vote(unknown, alice)

    def test_can_be_answered_by_who_was_called_in(self, refund, alice, charlie, mara):
        assignments.escalate(refund.pk, by=alice, reason="Too large for me.")
        CallIn.objects.create(intervention=refund, user=charlie, level=1, at=refund.created_at)
        vote(refund, charlie)

        unknown = lost(refund)
        assert charlie in eligibility.eligible(unknown)
        vote(unknown, charlie)
        assert unknown.outcome == "approved"

    def test_is_told_to_who_was_called_in_and_to_nobody_else(self, refund, alice, charlie, mara):
        gone = factories.user("gone")
        for person in (charlie, gone):
            CallIn.objects.create(intervention=refund, user=person, level=1, at=refund.created_at)
        vote(refund, charlie)
        User.objects.filter(pk=gone.pk).update(is_active=False)

        unknown = lost(refund)
        told = Notice.objects.get(intervention=unknown)
        assert (told.user, told.channel, told.urgent, unknown.told) == (charlie, "page", True, True)
        assert wording.line(told).subject == "Escalated: did issue_refund happen?"
        assert [ring.intervention for ring in bell.of(charlie).rings] == [unknown.pk]

        vote(unknown, alice)
        assert not bell.of(charlie).rings

    @pytest.mark.parametrize(
        ("rule", "demand"),
        [
            ({"approvals": 1}, (2, ["board"], ["requester", "agent_owner"])),
            (
                {"approvals": 3, "groups": ["legal"], "not_by": ["earlier_voters"]},
                (3, ["legal"], ["requester", "agent_owner", "earlier_voters"]),
            ),
        ],
    )
    def test_lowers_nothing_that_the_call_demanded(self, queue, alice, bob, rule, demand):
        item = asked(2, rules={"groups": ["board"], "not_by": ["requester", "agent_owner"]})
        for person in (alice, bob):
            factories.seat(person, factories.queue("board"))
            vote(item, person)
        factories.queue("legal")
        in_force(OUTCOME | rule)

        unknown = lost(item)
        assert (unknown.needed, unknown.policy["groups"], unknown.policy["not_by"]) == demand

    def test_remembers_the_owners_of_then(self, queue, alice, bob):
        item = bound(asked(1), not_by=["agent_owner"], owners=["alice"])
        vote(item, bob)
        unknown = lost(item)

        with pytest.raises(NotEligible, match="You own this agent"):
            vote(unknown, alice)
