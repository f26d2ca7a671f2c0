"""Which tool calls pass, which ask, which are refused."""

import json
import math

import pytest

from reviews.policies import DUE_IN, BadRule, Condition, Judgement, Rule, judge, problems, render, show
from reviews.states import Risk, Ruling, Verdict

CANNOT_TELL = None


class TestCondition:
    @pytest.mark.parametrize(
        ("text", "arguments", "expected"),
        [
            ("amount > 200", {"amount": 201}, True),
            ("amount > 200", {"amount": 200}, False),
            ("amount >= 200", {"amount": 200.0}, True),
            ("amount < 200", {"amount": 199.99}, True),
            ("amount <= 200", {"amount": 200.01}, False),
            ("amount>200", {"amount": 300}, True),
            ("amount > -5", {"amount": 0}, True),
            ("currency = EUR", {"currency": "EUR"}, True),
            ('currency = "EUR"', {"currency": "USD"}, False),
            ("currency == EUR", {"currency": "EUR"}, True),
            ("currency != EUR", {"currency": "USD"}, True),
            ("dry_run = false", {"dry_run": False}, True),
            ("approver = null", {"approver": None}, True),
            ("approver != null", {"approver": "mara"}, True),
            ("amount = 200", {"amount": None}, False),
            ("order.total > 10", {"order": {"total": 11}}, True),
            ("lines.1.price > 10", {"lines": [{"price": 1}, {"price": 20}]}, True),
            ("name = Ann Lee", {"name": "Ann Lee"}, True),
            ("since < 2026-01-01", {"since": "2025-12-31"}, True),
            ("amount > 200", {}, CANNOT_TELL),
            ("amount > 200", [], CANNOT_TELL),
            ("amount > 200", "not an object", CANNOT_TELL),
            ("amount > 200", None, CANNOT_TELL),
            ("order.total > 10", {"order": None}, CANNOT_TELL),
            ("lines.5.price > 10", {"lines": []}, CANNOT_TELL),
            ("lines.².price > 10", {"lines": [1, 2, 3]}, CANNOT_TELL),
            ("amount > 200", {"amount": "9000"}, CANNOT_TELL),
            ("amount > 200", {"amount": None}, CANNOT_TELL),
            ("amount > 200", {"amount": True}, CANNOT_TELL),
            ("amount > 200", {"amount": [9000]}, CANNOT_TELL),
            ("amount > 200", {"amount": math.nan}, CANNOT_TELL),
            ("amount != 200", {"amount": math.nan}, CANNOT_TELL),
            ("dry_run = false", {"dry_run": "false"}, CANNOT_TELL),
            ("dry_run = false", {"dry_run": 0}, CANNOT_TELL),
            ("amount = 200", {"amount": "200"}, CANNOT_TELL),
        ],
    )
    def test_says_yes_no_or_that_nobody_can_tell(self, text, arguments, expected):
        assert Condition.parse(text).test(arguments)[0] is expected

    @pytest.mark.parametrize(
        "text",
        ["", "amount", "amount >", "> 200", "amount => 200", "amount =< 200", "amount === 200", "a b > 1", "a ~ 1"],
    )
    def test_that_cannot_be_read_is_refused_with_the_way_to_write_it(self, text):
        with pytest.raises(BadRule, match="path op value"):
            Condition.parse(text)

    @pytest.mark.parametrize(
        ("arguments", "seen"),
        [
            ({"amount": 4820}, "amount is 4,820"),
            ({}, "amount is missing"),
            ({"amount": "lots"}, "amount is lots, which cannot be compared with 200"),
        ],
    )
    def test_tells_what_it_saw(self, arguments, seen):
        assert Condition.parse("amount > 200").test(arguments)[1] == seen

    def test_reads_back_as_it_was_meant(self):
        assert str(Condition.parse("amount>2000")) == "amount > 2,000"


class TestRuleFromDict:
    def test_reads_every_key(self):
        rule = Rule.from_dict(
            {
                "tool": "issue_refund",
                "ruling": "ask",
                "when": "amount > 200",
                "agent": "Refunds*",
                "name": "Refund over 200",
                "title": "Refund {amount}",
                "risk": "high",
                "due_in": 60,
                "reason_required": True,
                "verdicts": ["approve", "reject"],
            }
        )

        assert rule == Rule(
            "issue_refund",
            Ruling.ASKED,
            (Condition("amount", ">", 200),),
            "Refunds*",
            "Refund over 200",
            "Refund {amount}",
            Risk.HIGH,
            60,
            True,
            (Verdict.APPROVE, Verdict.REJECT),
        )

    def test_takes_none_for_what_is_not_said(self):
        assert Rule.from_dict({"tool": "*", "when": None, "due_in": None, "risk": None}) == Rule("*")

    @pytest.mark.parametrize(
        ("key", "value", "advice"),
        [
            ("ruling", "maybe", "ask, allow, refuse"),
            ("ruling", ["ask"], "ask, allow, refuse"),
            ("risk", "hgih", "low, medium, high, critical"),
            ("risk", 3, "low, medium, high, critical"),
            ("due_in", "soon", "seconds"),
            ("due_in", 0, "seconds"),
            ("due_in", -1, "seconds"),
            ("due_in", True, "seconds"),
            ("reason_required", "false", "True or False"),
            ("verdicts", "approve", "list"),
            ("verdicts", [], "list"),
            ("verdicts", ["shrug"], "approve, edit, override, reject, answer"),
            ("verdicts", 7, "iterable"),
            ("when", 7, "text"),
            ("title", 7, "text"),
            ("tool", 7, "text"),
        ],
    )
    def test_names_the_key_and_the_value_it_cannot_read(self, key, value, advice):
        with pytest.raises(BadRule) as refusal:
            Rule.from_dict({"tool": "issue_refund", key: value})

        assert f"{key}={value!r}" in str(refusal.value)
        assert advice in str(refusal.value)

    @pytest.mark.parametrize("data", [{}, {"tool": ""}, {"tool": "x", "wehn": "a > 1"}, "issue_refund", [], None])
    def test_refuses_what_is_no_rule(self, data):
        with pytest.raises(BadRule, match="needs 'tool' and knows tool, ruling, when"):
            Rule.from_dict(data)

    def test_refuses_a_condition_that_cannot_be_read(self):
        with pytest.raises(BadRule, match="amount => 200"):
            Rule.from_dict({"tool": "x", "when": "amount => 200"})


def ruled(rules, arguments, *, tool="issue_refund", agent="Refunds", author_asks=False):
    read = [Rule.from_dict(rule) for rule in rules]
    return judge(read, tool=tool, agent=agent, arguments=arguments, author_asks=author_asks)


class TestJudge:
    def test_lets_pass_what_no_rule_speaks_of(self):
        assert ruled([], {}).ruling == Ruling.LET_THROUGH

    def test_asks_where_the_author_said_so_and_no_rule_speaks(self):
        assert ruled([], {}, author_asks=True).ruling == Ruling.ASKED

    def test_lets_a_rule_overrule_the_author(self):
        assert ruled([{"tool": "*", "ruling": "allow"}], {}, author_asks=True).ruling == Ruling.LET_THROUGH

    def test_takes_the_first_rule_that_matches(self):
        rules = [
            {"tool": "issue_refund", "when": "amount > 1000", "ruling": "refuse"},
            {"tool": "issue_*", "when": "amount > 200"},
            {"tool": "*", "ruling": "allow"},
        ]

        assert [ruled(rules, {"amount": amount}).ruling for amount in (5000, 500, 50)] == [
            Ruling.REFUSED,
            Ruling.ASKED,
            Ruling.LET_THROUGH,
        ]

    def test_heeds_the_agent_named_by_a_rule(self):
        rules = [{"tool": "*", "agent": "Clause*"}]

        assert ruled(rules, {}, agent="Clause checker").ruling == Ruling.ASKED
        assert ruled(rules, {}, agent="Contracts").ruling == Ruling.LET_THROUGH

    @pytest.mark.parametrize("arguments", [{}, {"amount": "9000"}, {"amount": None}, {"amount": True}, "x", None, []])
    @pytest.mark.parametrize(("ruling", "expected"), [("ask", Ruling.ASKED), ("refuse", Ruling.REFUSED)])
    def test_keeps_a_guard_up_where_nobody_can_tell(self, arguments, ruling, expected):
        assert ruled([{"tool": "*", "when": "amount > 200", "ruling": ruling}], arguments).ruling == expected

    @pytest.mark.parametrize("arguments", [{}, {"amount": "9000"}, {"amount": None}, {"amount": math.nan}, "x", None])
    def test_never_allows_on_a_condition_that_nobody_can_tell(self, arguments):
        rules = [{"tool": "*", "when": "amount <= 50", "ruling": "allow"}, {"tool": "*"}]

        assert ruled(rules, arguments).ruling == Ruling.ASKED

    def test_says_what_it_saw_and_which_rule_that_meets(self):
        judgement = ruled([{"tool": "*", "when": "amount > 200", "name": "Big"}], {"amount": 4820})

        assert (judgement.name, judgement.why) == ("Big", "amount is 4,820; the rule is amount > 200.")
        assert (judgement.rule, judgement.seen) == ("Big", "amount is 4,820")

    def test_names_a_nameless_rule_by_what_it_covers(self):
        assert ruled([{"tool": "issue_refund"}], {}).why == (
            "The rule “issue_refund always” covers every call of issue_refund."
        )

    def test_sets_the_due_time_by_risk_unless_the_rule_says_another(self):
        assert ruled([{"tool": "*", "risk": "critical"}], {}).due_in == DUE_IN[Risk.CRITICAL] == 900
        assert ruled([{"tool": "*", "risk": "critical", "due_in": 5}], {}).due_in == 5


class TestSnapshot:
    def test_is_plain_json(self):
        judgement = ruled([{"tool": "*", "risk": "high", "verdicts": ["approve"]}], {})

        assert json.loads(json.dumps(judgement.snapshot())) == {
            "ruling": "asked",
            "why": judgement.why,
            "name": "* always",
            "title": "",
            "risk": 3,
            "due_in": 3600,
            "reason_required": False,
            "verdicts": ["approve"],
            "policy": "",
            "policy_version": 0,
            "rule": "* always",
            "seen": "",
            "queue": "",
            "approvals": 1,
            "groups": [],
            "not_by": [],
            "rejecting": "any",
            "escalation": "",
            "presets": [],
        }

    def test_of_the_default_is_plain_json_too(self):
        assert json.dumps(Judgement(Ruling.LET_THROUGH, "").snapshot())


class TestRender:
    @pytest.mark.parametrize(
        ("template", "expected"),
        [
            ("Refund {amount} {currency} to {customer.name}", "Refund 4,820.00 EUR to Ann"),
            ("Refund {nothing}", "Refund ?"),
            ("{lines.0}", "a"),
            ("no places", "no places"),
            ("{amount!r} {0} {}", "{amount!r} ? {}"),
        ],
    )
    def test_fills_the_places(self, template, expected):
        arguments = {"amount": 4820.0, "currency": "EUR", "customer": {"name": "Ann"}, "lines": ["a"]}

        assert render(template, arguments) == expected

    def test_stays_short(self):
        assert len(render("{text}", {"text": "x" * 5000})) == 200

    def test_does_not_fill_what_a_value_brings_along(self):
        assert render("{a}", {"a": "{b}", "b": "secret"}) == "{b}"


class TestShow:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (1234567, "1,234,567"),
            (1234.5, "1,234.50"),
            (0.001, "0.001"),
            (1e-9, "1e-09"),
            (math.nan, "nan"),
            (math.inf, "inf"),
            (True, "true"),
            (None, "null"),
            ("Łódź", "Łódź"),
            (["ä"], '["ä"]'),
        ],
    )
    def test_writes_a_value_as_people_read_it(self, value, expected):
        assert show(value) == expected


class TestVerdicts:
    @pytest.mark.parametrize(
        ("rule", "is_read"),
        [
            ({"tool": "pay", "verdicts": ["answer"]}, False),
            ({"tool": "ask_*", "verdicts": ["answer"]}, False),
            ({"tool": "*", "kind": "question", "verdicts": ["approve"]}, False),
            ({"tool": "*", "kind": "final_output", "verdicts": ["override"]}, False),
            ({"tool": "ask_human", "verdicts": ["answer"]}, True),
            ({"tool": "*", "kind": "question", "verdicts": ["answer"]}, True),
            ({"tool": "pay", "verdicts": ["answer", "reject"]}, True),
            ({"tool": "pay", "ruling": "refuse", "verdicts": ["answer"]}, True),
        ],
    )
    def test_of_which_none_fits_are_refused_at_their_key(self, rule, is_read):
        assert list(problems([rule])) == ([] if is_read else ["rules.0.verdicts"])
