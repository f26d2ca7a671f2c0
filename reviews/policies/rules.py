"""One line of a policy: which calls it speaks about, and what it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Any

from reviews.policies.case import Case
from reviews.policies.conditions import BadRule, Condition
from reviews.policies.readers import READERS, RULINGS
from reviews.states import VERDICTS_FOR, Kind, Risk, Ruling, Verdict

ASK_HUMAN = "ask_human"
"""The tool by which an agent asks a person."""
ASKED_KINDS: dict[str, str] = {
    Kind.QUESTION: "A question of an agent",
    Kind.FINAL_OUTPUT: "A final output",
    Kind.UNKNOWN_OUTCOME: "An unknown outcome",
}
"""Kinds that are put to people whatever the rules say, so that no rule can do without it."""
ANCHORED = re.compile(r"(?:\(\?[a-zA-Z]+\))?(?:\^|\\A).*(?:\$|\\Z)", re.DOTALL)


@dataclass(frozen=True)
class Rule:
    """One line of a review policy; the first that matches a call decides."""

    tool: str
    ruling: Ruling = Ruling.ASKED
    when: tuple[Condition, ...] = ()
    agent: str = "*"
    name: str = ""
    title: str = ""
    risk: Risk = Risk.MEDIUM
    due_in: int | None = None
    reason_required: bool = False
    verdicts: tuple[Verdict, ...] = ()
    kind: str = "*"
    queue: str = ""
    approvals: int = 1
    groups: tuple[str, ...] = ()
    not_by: tuple[str, ...] = ()
    rejecting: str = "any"
    escalation: str = ""
    presets: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Rule:
        """Read one rule as written in ``register(review=[…])`` or in a policy. Raises BadRule with key and value."""
        if not isinstance(data, Mapping) or set(data) - set(READERS) or not data.get("tool"):
            raise BadRule(f"A rule is a dict that needs 'tool' and knows {', '.join(READERS)}; got {data!r}.")
        rule = cls(**{key: _read(key, value) for key, value in data.items() if value is not None})
        _require_sure(rule)
        _require_something_to_say(rule)
        return rule

    @staticmethod
    def require_readable(key: str, value: Any) -> None:
        """Raises BadRule where the value of one key is wrong by itself, whatever the others say."""
        if value is not None:
            _read(key, value)

    @classmethod
    def from_code(cls, data: Mapping[str, Any]) -> Rule:
        """The same for the rules that an agent is registered with: there ``tool`` and ``kind`` in a condition are
        arguments, as they were before a condition could ask for anything else."""
        rule = cls.from_dict(data)
        for key, why in rule.without_effect.items():
            raise BadRule(f"Cannot use {key}={data[key]!r} of a rule: {why}")
        return cls(**_values(rule) | {"when": tuple(condition.aimed_at_arguments() for condition in rule.when)})

    def to_dict(self) -> dict[str, Any]:
        """As it is written in a file: what is as usual is left out. ``from_dict`` reads it back as the same."""
        usual = _values(Rule(""))
        said = {name: value for name, value in _values(self).items() if name == "ruling" or value != usual[name]}
        return {name: WRITERS.get(name, _plain)(value) for name, value in said.items()}

    @property
    def without_effect(self) -> dict[str, str]:
        """Why it could never come to pass, by key; empty where it can."""
        wrong = {}
        kind = Kind.QUESTION if self.kind == "*" and self.tool == ASK_HUMAN else self.kind
        if kind in ASKED_KINDS and self.ruling != Ruling.ASKED:
            asked = ASKED_KINDS[kind]
            wrong["ruling"] = f"{asked} is always put to a person. A rule may only say how: use “ask”."
        if self.kind == Kind.FINAL_OUTPUT and not fnmatchcase("", self.tool):
            wrong["tool"] = "A final output belongs to no tool: use “*”."
        return wrong

    @property
    def condition(self) -> str:
        """All its conditions as a person reads them; empty where it has none."""
        return " and ".join(map(str, self.when))

    @property
    def label(self) -> str:
        """What it is called."""
        return self.name or f"{self.tool} {self.condition or 'always'}"

    def speaks_of(self, case: Case) -> bool:
        """Whether it is about this tool, agent and kind of question at all."""
        is_named = fnmatchcase(case.tool, self.tool) and fnmatchcase(case.agent, self.agent)
        return is_named and self.kind in ("*", case.kind)

    def covers(self, case: Case) -> tuple[bool, str]:
        """Whether its conditions hold for the call, and what was seen.

        Where they cannot tell, a rule that guards speaks and a rule that allows is silent: both fail closed.
        """
        if not self.when:
            return True, ""
        allows, told = self.ruling == Ruling.LET_THROUGH, []
        for condition in self.when:
            holds, seen = condition.test(case, strict=allows)
            if holds is False:
                return False, seen
            told.append((holds, seen))
        unsure = [seen for holds, seen in told if holds is None]
        return not (unsure and allows), "; ".join(unsure or [seen for _, seen in told])


def _read(key: str, value: Any) -> Any:
    try:
        return READERS[key](value)
    except BadRule as error:
        error.key = key
        raise
    except (ValueError, TypeError) as error:
        refused = BadRule(f"Cannot read {key}={value!r} of a rule: {error}.")
        refused.key = key
        raise refused from error


def _require_sure(rule: Rule) -> None:
    """A pattern that is found somewhere inside a text is no reason to let a call pass."""
    for condition in rule.when if rule.ruling == Ruling.LET_THROUGH else ():
        if condition.symbol == "matches" and not ANCHORED.fullmatch(condition.value):
            refused = BadRule(
                f"Cannot read the condition {condition.text!r} of a rule that allows: there a pattern has to match the "
                "whole text, so begin it with ^ and end it with $."
            )
            refused.key = "when"
            raise refused


def _require_something_to_say(rule: Rule) -> None:
    """Verdicts of which none fits what the rule asks about would leave its reviewers nothing to say."""
    is_question = rule.kind == "*" and rule.tool == ASK_HUMAN
    kind = Kind.QUESTION if is_question else Kind.TOOL_APPROVAL if rule.kind == "*" else Kind(rule.kind)
    if rule.ruling == Ruling.ASKED and rule.verdicts and not set(rule.verdicts) & set(VERDICTS_FOR[kind]):
        said = ", ".join(rule.verdicts)
        refused = BadRule(f"Cannot read verdicts={said!r} of a rule: it needs one of {', '.join(VERDICTS_FOR[kind])}.")
        refused.key = "verdicts"
        raise refused


def _values(rule: Rule) -> dict[str, Any]:
    return {field.name: getattr(rule, field.name) for field in fields(rule)}


def _plain(value: Any) -> Any:
    return [str(item) for item in value] if isinstance(value, tuple) else value


def _when(conditions: tuple[Condition, ...]) -> str | list[str]:
    return conditions[0].text if len(conditions) == 1 else [condition.text for condition in conditions]


WRITERS: dict[str, Callable[[Any], Any]] = {
    "when": _when,
    "ruling": lambda ruling: next(word for word, meant in RULINGS.items() if meant == ruling),
    "risk": lambda risk: Risk(risk).name.lower(),
}
