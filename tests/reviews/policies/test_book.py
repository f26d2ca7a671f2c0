"""Several policies together, and reading what a file or a form says."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.policies import (
    DUE_IN,
    MARKED,
    PASSES,
    QUESTION,
    BadRule,
    Case,
    Judgement,
    Policy,
    Rule,
    judge_by,
    mentions,
    ordered,
    problems,
    read_rules,
    unreadable,
    with_trial,
)
from reviews.policies.readers import LONGEST, NOT_BY, REJECTING, RULINGS
from reviews.states import Kind, Risk, Ruling, Verdict
from tests.reviews.policies.test_conditions import JSON, conditions

NAMES = st.text('abz Éß{}.*[]<>="\\\u2028-', max_size=12)
WORDS = st.lists(NAMES.map(str.strip).filter(bool), max_size=3)


@st.composite
def written_rules(draw):
    said = {
        "ruling": st.sampled_from(list(RULINGS)),
        "when": st.lists(conditions().map(lambda condition: condition.text), max_size=3),
        "agent": NAMES,
        "kind": st.sampled_from(["*", *Kind.values]),
        "name": NAMES,
        "title": NAMES,
        "risk": st.sampled_from(["low", "medium", "high", "critical"]),
        "due_in": st.integers(1, 10_000),
        "reason_required": st.booleans(),
        "verdicts": st.lists(st.sampled_from(Verdict.values), min_size=1, max_size=3),
        "queue": NAMES,
        "approvals": st.integers(1, 10),
        "groups": WORDS,
        "not_by": st.lists(st.sampled_from(NOT_BY), max_size=3),
        "rejecting": st.sampled_from(REJECTING),
        "escalation": NAMES,
        "presets": WORDS,
    }
    chosen = draw(st.sets(st.sampled_from(sorted(said)), max_size=8))
    return {"tool": draw(NAMES.filter(bool)), **{key: draw(said[key]) for key in sorted(chosen)}}


def readable(data):
    try:
        return Rule.from_dict(data)
    except BadRule:  # an allowing pattern that is not anchored
        return None


def policy(slug, *rules, **more):
    return Policy(slug, tuple(Rule.from_dict(rule) for rule in rules), version=3, **more)


def case(arguments=None, *, tool="pay", kind=Kind.TOOL_APPROVAL):
    return Case(tool, "Clerk", arguments or {}, kind)


class TestARule:
    @given(written_rules().map(readable).filter(bool))
    def test_reads_back_from_a_file_as_the_same(self, rule):
        assert Rule.from_dict(json.loads(json.dumps(rule.to_dict()))) == rule

    def test_is_written_without_what_is_as_usual(self):
        rule = Rule.from_dict({"tool": "pay", "when": "amount>200", "risk": "medium", "groups": []})

        assert rule.to_dict() == {"tool": "pay", "ruling": "ask", "when": "amount > 200"}

    @given(written_rules().map(readable).filter(bool), JSON)
    def test_judges_any_arguments_without_raising(self, rule, arguments):
        said = judge_by([Policy("p", (rule,))], Case("pay", "Clerk", arguments), agent="refunds")

        assert json.dumps(said.snapshot())

    def test_needs_all_its_conditions(self):
        book = [policy("p", {"tool": "*", "when": ["amount > 200", "currency = EUR"], "name": "Big"})]

        assert ruled(book, {"amount": 300, "currency": "EUR"}) == Ruling.ASKED
        assert ruled(book, {"amount": 300, "currency": "USD"}) == Ruling.LET_THROUGH
        assert ruled(book, {"amount": 100}) == Ruling.LET_THROUGH

    @pytest.mark.parametrize(("ruling", "expected"), [("ask", Ruling.ASKED), ("refuse", Ruling.REFUSED)])
    def test_that_guards_speaks_where_one_condition_holds_and_nobody_can_tell_of_the_other(self, ruling, expected):
        book = [policy("p", {"tool": "*", "when": ["amount > 200", "currency = EUR"], "ruling": ruling})]

        assert ruled(book, {"amount": 300}) == expected

    def test_that_allows_is_silent_where_nobody_can_tell_of_one_condition(self):
        book = [
            policy("p", {"tool": "*", "when": ["amount < 200", "currency = EUR"], "ruling": "allow"}, {"tool": "*"})
        ]

        assert ruled(book, {"amount": 100, "currency": "EUR"}) == Ruling.LET_THROUGH
        assert ruled(book, {"amount": 100}) == Ruling.ASKED

    @pytest.mark.parametrize(("ruling", "expected"), [("ask", Ruling.ASKED), ("allow", Ruling.ASKED)])
    def test_fails_closed_where_its_pattern_takes_too_long(self, ruling, expected):
        rules = [{"tool": "*", "when": r"body matches ^(a|aa)+$", "ruling": ruling}, {"tool": "*"}]

        assert ruled([policy("p", *rules)], {"body": "a" * 60 + "b"}) == expected

    @pytest.mark.parametrize("pattern", ["acme", "^acme", r"acme\.com$", "(?i)acme"])
    def test_that_allows_on_a_pattern_found_anywhere_is_refused(self, pattern):
        with pytest.raises(BadRule, match="begin it with"):
            Rule.from_dict({"tool": "*", "ruling": "allow", "when": f"to matches {pattern}"})

    @pytest.mark.parametrize("pattern", ["^acme$", r"\Aacme\Z", "(?i)^acme$"])
    def test_that_allows_on_a_pattern_of_the_whole_text_is_read(self, pattern):
        assert Rule.from_dict({"tool": "*", "ruling": "allow", "when": f"to matches {pattern}"})

    def test_may_be_about_one_kind_of_question_only(self):
        book = [policy("p", {"tool": "*", "kind": "question", "risk": "low", "name": "Any question"})]

        assert judge_by(book, case(kind=Kind.QUESTION), agent="a").risk == Risk.LOW
        assert ruled(book, {}) == Ruling.LET_THROUGH

    @pytest.mark.parametrize("word", ["tool", "kind"])
    def test_of_code_reads_tool_and_kind_as_the_arguments_they_always_were(self, word):
        rule = Rule.from_code({"tool": "*", "when": f"{word} = wire"})

        assert rule.covers(case({word: "wire"}))[0] is True
        assert rule.covers(case({word: "sepa"}))[0] is False

    def test_says_everything_that_the_desk_will_read(self):
        rule = {
            "tool": "pay",
            "when": "amount > 200",
            "name": "Big",
            "queue": "finance",
            "approvals": 2,
            "groups": ["treasury", "legal"],
            "not_by": ["requester"],
            "rejecting": "majority",
            "escalation": "fast",
            "presets": ["Too much."],
            "title": "Pay {amount} for {run.agent}",
            "risk": "critical",
        }
        shown = Case("pay", "Clerk", {"amount": 4820}, run={"agent": "refunds"})

        said = judge_by([policy("payments", rule)], shown, agent="refunds")

        assert said == Judgement(
            Ruling.ASKED,
            "amount is 4,820; the rule is amount > 200.",
            "Big",
            "Pay 4,820 for refunds",
            Risk.CRITICAL,
            DUE_IN[Risk.CRITICAL],
            policy="payments",
            policy_version=3,
            rule="Big",
            seen="amount is 4,820",
            queue="finance",
            approvals=2,
            groups=("treasury", "legal"),
            not_by=("requester",),
            rejecting="majority",
            escalation="fast",
            presets=("Too much.",),
        )


class TestJudgeBy:
    ASK, ALLOW = {"tool": "*", "name": "ask"}, {"tool": "*", "ruling": "allow", "name": "allow"}

    def test_asks_the_policies_by_position_then_by_name(self):
        book = ordered(
            [policy("b", self.ASK, position=5), policy("c", self.ALLOW, position=1), policy("a", position=5)]
        )

        assert [one.slug for one in book] == ["c", "a", "b"]
        assert judge_by(book, case(), agent="x").policy == "c"

    def test_goes_on_with_the_next_policy_where_no_rule_of_one_matches(self):
        book = [policy("a", {"tool": "other"}), policy("b", self.ASK)]

        assert judge_by(book, case(), agent="x").policy == "b"

    def test_passes_over_policies_of_other_agents(self):
        book = [policy("a", self.ASK, agent="refunds*")]

        assert judge_by(book, case(), agent="refunds-eu").ruling == Ruling.ASKED
        assert judge_by(book, case(), agent="triage") == PASSES

    def test_heeds_the_author_where_no_policy_speaks(self):
        assert judge_by([], case(), agent="x", author_asks=True) == MARKED
        assert judge_by([policy("a", self.ALLOW)], case(), agent="x", author_asks=True).ruling == Ruling.LET_THROUGH

    def test_never_lets_a_question_of_the_agent_pass_unasked(self):
        book = [policy("a", self.ALLOW), policy("b", {"tool": "ask_human", "ruling": "refuse"})]

        assert judge_by(book, case(tool="ask_human", kind=Kind.QUESTION), agent="x") == QUESTION

    @pytest.mark.parametrize("kind", [Kind.FINAL_OUTPUT, Kind.UNKNOWN_OUTCOME])
    def test_always_asks_about_what_comes_from_the_desk_itself(self, kind):
        kept = [{"tool": "*", "kind": kind, "ruling": ruling} for ruling in ("allow", "refuse")]
        book = [policy("a", self.ALLOW, self.ASK, *kept)]

        said = judge_by(book, case(kind=kind), agent="x")
        assert (said.ruling, said.rule) == (Ruling.ASKED, "")

    @pytest.mark.parametrize(
        ("kind", "why"),
        [
            (Kind.FINAL_OUTPUT, "The rule “Two of us” covers every final output."),
            (Kind.UNKNOWN_OUTCOME, "The rule “Two of us” covers every unknown outcome of p*."),
        ],
    )
    def test_asks_about_it_as_a_rule_of_its_kind_says(self, kind, why):
        tool = "p*" if kind == Kind.UNKNOWN_OUTCOME else "*"
        book = [policy("a", self.ALLOW, {"tool": tool, "kind": kind, "approvals": 2, "name": "Two of us"})]

        said = judge_by(book, case(kind=kind, tool="pay" if tool == "p*" else ""), agent="x")
        assert (said.ruling, said.approvals, said.why) == (Ruling.ASKED, 2, why)

    def test_asks_about_everything_that_an_unreadable_policy_might_have_spoken_of(self):
        broken = unreadable("payments", 4, "refunds", 5, "the pattern is broken")

        said = judge_by([broken, policy("z", self.ALLOW)], case(), agent="refunds")

        assert (said.ruling, said.policy, said.policy_version) == (Ruling.ASKED, "payments", 4)
        assert said.why == "The policy payments (version 4) cannot be used, so a person is asked: the pattern is broken"
        assert judge_by([broken], case(), agent="triage") == PASSES

    def test_tries_a_version_in_the_place_of_the_one_in_force(self):
        book = [policy("a", self.ALLOW), policy("b", self.ALLOW)]

        tried = with_trial(book, policy("a", self.ASK, position=900))

        assert [(one.slug, one.rules[0].name) for one in tried] == [("b", "allow"), ("a", "ask")]


class TestProblems:
    def test_names_every_key_that_is_wrong_by_its_place(self):
        rules = [{"tool": "pay", "risk": "hgih", "when": "amount => 5"}, {"tool": "x"}, {"tool": "y", "approvals": 0}]

        assert sorted(problems(rules)) == ["rules.0.risk", "rules.0.when", "rules.2.approvals"]

    @pytest.mark.parametrize(
        ("rules", "place"),
        [
            ("ask", "rules"),
            ({}, "rules"),
            ([{"tool": "x"}] * 201, "rules"),
            (["ask"], "rules.0"),
            ([{"tool": "x", "wehn": "a > 1"}], "rules.0.wehn"),
            ([{"ruling": "ask"}], "rules.0.tool"),
            ([{"tool": "x", "ruling": "allow", "when": "to matches acme"}], "rules.0.when"),
            ([{"tool": "x", "due_in": 10**9}], "rules.0.due_in"),
            ([{"tool": "x", "queue": "q" * (LONGEST + 1)}], "rules.0.queue"),
            ([{"tool": "x", "groups": "treasury"}], "rules.0.groups"),
            ([{"tool": "x", "groups": ["a"] * 21}], "rules.0.groups"),
            ([{"tool": "x", "presets": [""]}], "rules.0.presets"),
            ([{"tool": "x", "not_by": ["boss"]}], "rules.0.not_by"),
            ([{"tool": "x", "when": ["a > 1"] * 21}], "rules.0.when"),
            ([{"tool": "x", "kind": "tool"}], "rules.0.kind"),
        ],
    )
    def test_says_where_something_is_wrong(self, rules, place):
        assert list(problems(rules)) == [place]

    @given(JSON | st.lists(JSON | written_rules(), max_size=3))
    def test_answers_about_any_json_and_agrees_with_reading_it(self, data):
        if problems(data):
            with pytest.raises(BadRule):
                read_rules(data)
        else:
            assert len(read_rules(data)) == len(data)


class TestMentions:
    def test_finds_a_path_in_conditions_and_titles(self):
        assert mentions([policy("a", {"tool": "*", "when": "requester.groups contains x"})], "requester")
        assert mentions([policy("a", {"tool": "*", "title": "For {run.input}"})], "run.input")
        assert not mentions([policy("a", {"tool": "*", "when": "amount > 5"})], "run.input")


def ruled(book, arguments):
    return judge_by(book, case(arguments), agent="refunds").ruling
