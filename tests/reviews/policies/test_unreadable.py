"""What stands for a policy that cannot be read is as strict as what can be read of it."""

import pytest

from reviews.policies import Case, judge_by, unreadable
from reviews.states import Risk, Ruling


def judged(rules, tool="pay", **arguments):
    broken = unreadable("payments", 4, "*", 5, "it is broken", rules)
    return judge_by([broken], Case(tool, "Clerk", arguments), agent="refunds")


class TestUnreadable:
    def test_goes_on_refusing_what_was_refused_and_asks_about_the_rest(self):
        rules = [{"tool": "pay", "ruling": "refuse", "when": "amount > 9", "from_the_future": 1}]

        refused, asked = judged(rules, amount=10), judged(rules, amount=1)
        assert (refused.ruling, asked.ruling, judged(rules, "note").ruling) == (
            Ruling.REFUSED,
            Ruling.ASKED,
            Ruling.ASKED,
        )
        assert "cannot be used, but refuses this: it is broken" in refused.why

    def test_refuses_at_every_value_where_its_condition_cannot_be_read(self):
        assert judged([{"tool": "pay", "ruling": "refuse", "when": "amount => 9"}], amount=1).ruling == Ruling.REFUSED

    def test_asks_where_a_rule_let_pass_before_one_that_refuses(self):
        rules = [{"tool": "pay", "ruling": "allow", "when": "amount < 9"}, {"tool": "pay", "ruling": "refuse"}]

        assert [judged(rules, amount=amount).ruling for amount in (1, 10)] == [Ruling.ASKED, Ruling.REFUSED]

    def test_asks_as_many_and_bars_as_many_as_the_strictest_of_its_rules(self):
        rules = [
            {"tool": "pay", "approvals": 3, "groups": ["board"], "queue": "legal", "reason_required": True, "new": 1},
            {"tool": "wire", "not_by": ["requester"], "groups": ["board"], "queue": "legal", "risk": "critical"},
            {"tool": "note", "not_by": ["agent_owner"], "groups": ["desk"], "queue": "legal", "approvals": "many"},
        ]
        rules = [{**rule, "escalation": "slow"} for rule in rules]

        said = judged(rules, "note")
        assert (said.approvals, said.groups, said.not_by) == (3, ("board", "desk"), ("requester", "agent_owner"))
        assert (said.queue, said.risk, said.reason_required) == ("legal", Risk.CRITICAL, True)
        assert said.escalation == "slow"

    def test_names_no_queue_and_no_groups_on_which_its_rules_differ(self):
        said = judged([{"tool": "a", "queue": "legal", "groups": ["board"]}, {"tool": "b"}])

        assert (said.queue, said.groups, said.approvals) == ("", (), 1)

    @pytest.mark.parametrize("rules", [None, "nonsense", 5, [], [7, "x"], [{}], [{"tool": 5, "ruling": "allow"}]])
    def test_asks_about_everything_where_nothing_can_be_read(self, rules):
        said = judged(rules)

        assert (said.ruling, said.rule, said.policy_version) == (Ruling.ASKED, "Unreadable policy", 4)
