"""Pure rules: which tool calls may pass, which ask a human, which are refused, and why."""

from reviews.policies.book import (
    Policy,
    judge_by,
    mentions,
    ordered,
    problems,
    read_rules,
    with_trial,
)
from reviews.policies.case import Case
from reviews.policies.conditions import OPERATORS, BadRule, Condition
from reviews.policies.judging import (
    DUE_IN,
    MARKED,
    PASSES,
    QUESTION,
    Judgement,
    judge,
    judge_case,
    render,
)
from reviews.policies.lightness import lighter
from reviews.policies.overlap import rivals
from reviews.policies.places import place
from reviews.policies.readers import NOT_BY, READERS, REJECTING, RULINGS
from reviews.policies.rules import ASK_HUMAN, Rule
from reviews.policies.unreadable import unreadable
from reviews.policies.values import show

__all__ = [
    "ASK_HUMAN",
    "DUE_IN",
    "MARKED",
    "NOT_BY",
    "OPERATORS",
    "PASSES",
    "QUESTION",
    "READERS",
    "REJECTING",
    "RULINGS",
    "BadRule",
    "Case",
    "Condition",
    "Judgement",
    "Policy",
    "Rule",
    "judge",
    "judge_by",
    "judge_case",
    "lighter",
    "mentions",
    "ordered",
    "place",
    "problems",
    "read_rules",
    "render",
    "rivals",
    "show",
    "unreadable",
    "with_trial",
]
