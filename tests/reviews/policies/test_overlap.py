"""Which policies may speak of the same calls."""

import pytest

from reviews.policies import Policy, Rule, rivals
from reviews.policies.overlap import may_meet


def policy(slug, *tools, position=500, **more):
    return Policy(slug, tuple(Rule(tool) for tool in tools), 1, position=position, **more)


class TestMayMeet:
    @pytest.mark.parametrize(
        ("one", "other", "meet"),
        [
            ("pay", "pay", True),
            ("pay", "p*", True),
            ("*", "refund", True),
            ("pay", "wire", False),
            ("pay*", "*_eu", True),
            ("pay*", "wire*", False),
            ("pay_*", "pay_out*", True),
            ("w[ai]re", "wire", True),
        ],
    )
    def test_is_the_same_both_ways(self, one, other, meet):
        assert (may_meet(one, other), may_meet(other, one)) == (meet, meet)


class TestRivals:
    def test_are_asked_before_or_at_the_same_position(self):
        mine = policy("mine", "pay", "wire")
        others = [policy("early", "pay", position=400), policy("same", "*"), policy("late", "pay", position=501)]
        assert [(one.slug, tools) for one, tools in rivals([*others, mine], mine)] == [
            ("early", ("pay",)),
            ("same", ("pay", "wire")),
        ]

    def test_speak_of_the_same_agents_tools_and_kinds(self):
        mine = policy("mine", "pay", agent="refunds*")
        question = Policy("questions", (Rule("pay", kind="question"),), position=1)
        others = [
            policy("triage", "pay", agent="triage"),
            policy("wires", "wire"),
            policy("eu", "pay", agent="refunds-eu"),
        ]
        assert [one.slug for one, _ in rivals([*others, question], mine)] == ["eu", "questions"]
        only_calls = Policy("calls", (Rule("pay", kind="tool_approval"),))
        assert rivals([question], only_calls) == []
