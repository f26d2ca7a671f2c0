"""Pure rules: which tool calls may pass, which ask a human, which are refused, and why."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from reviews.states import Risk, Ruling, Verdict

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
CONDITION = re.compile(r"^\s*([\w.]+)\s*(>=|<=|!=|=|>|<)\s*(.+?)\s*$")
RULINGS = {"ask": Ruling.ASKED, "allow": Ruling.LET_THROUGH, "refuse": Ruling.REFUSED}
DUE_IN = {Risk.LOW: 8 * 3600, Risk.MEDIUM: 4 * 3600, Risk.HIGH: 3600, Risk.CRITICAL: 900}
"""Seconds until an item is due, by risk, when its rule does not say (research: escalation defaults)."""


class BadRule(ValueError):
    """A rule cannot be read; the text names the key and the value."""


@dataclass(frozen=True)
class Condition:
    """One comparison of an argument with a value, such as ``amount > 200``."""

    path: str
    symbol: str
    value: Any

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Read ``path op value``; the value is JSON, else a bare word. Raises BadRule."""
        match = CONDITION.match(text)
        if match is None:
            raise BadRule(
                f"Cannot read the condition {text!r}: write 'path op value' with one of {', '.join(OPERATORS)}."
            )
        path, symbol, raw = match.groups()
        try:
            value = json.loads(raw)
        except ValueError:
            value = raw
        return cls(path, symbol, value)

    def test(self, arguments: Any) -> tuple[bool, str]:
        """Whether it holds, and what was seen. What cannot be compared holds: a guard fails closed."""
        found, actual = _dig(arguments, self.path)
        if not found:
            return True, f"{self.path} is missing"
        try:
            holds = bool(OPERATORS[self.symbol](actual, self.value))
        except TypeError:
            return True, f"{self.path} is {actual!r}, which cannot be compared with {self.value!r}"
        return holds, f"{self.path} is {show(actual)}"

    def __str__(self) -> str:
        return f"{self.path} {self.symbol} {show(self.value)}"


@dataclass(frozen=True)
class Rule:
    """One line of an agent's review policy; the first that matches a call decides."""

    tool: str
    ruling: Ruling = Ruling.ASKED
    when: Condition | None = None
    agent: str = "*"
    name: str = ""
    title: str = ""
    risk: Risk = Risk.MEDIUM
    due_in: int | None = None
    reason_required: bool = False
    verdicts: tuple[Verdict, ...] = ()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Rule:
        """Read one rule as written in ``register(review=[…])``. Raises BadRule with the key and the value."""
        unknown = set(data) - set(cls.__dataclass_fields__)
        if unknown or not data.get("tool"):
            raise BadRule(f"A rule needs 'tool' and knows {', '.join(cls.__dataclass_fields__)}; got {dict(data)!r}.")
        try:
            return cls(
                tool=str(data["tool"]),
                ruling=RULINGS[data.get("ruling", "ask")],
                when=Condition.parse(data["when"]) if data.get("when") else None,
                agent=str(data.get("agent", "*")),
                name=str(data.get("name", "")),
                title=str(data.get("title", "")),
                risk=Risk[str(data.get("risk", "medium")).upper()],
                due_in=None if data.get("due_in") is None else int(data["due_in"]),
                reason_required=bool(data.get("reason_required", False)),
                verdicts=tuple(Verdict(verdict) for verdict in data.get("verdicts", ())),
            )
        except BadRule:
            raise
        except (KeyError, ValueError, TypeError) as error:
            raise BadRule(f"Cannot read the rule {dict(data)!r}: {error}.") from error


@dataclass(frozen=True)
class Judgement:
    """What the rules say about one call: the ruling, why, and how to ask."""

    ruling: Ruling
    why: str
    name: str = ""
    title: str = ""
    risk: Risk = Risk.MEDIUM
    due_in: int = DUE_IN[Risk.MEDIUM]
    reason_required: bool = False
    verdicts: tuple[Verdict, ...] = ()

    def snapshot(self) -> dict[str, Any]:
        """The frozen copy that an intervention keeps, as JSON."""
        return asdict(self)


def judge(rules: Sequence[Rule], *, tool: str, agent: str, arguments: Any, author_asks: bool) -> Judgement:
    """The first matching rule decides; else what the agent's author marked on the tool."""
    for rule in rules:
        if not (fnmatchcase(tool, rule.tool) and fnmatchcase(agent, rule.agent)):
            continue
        holds, seen = rule.when.test(arguments) if rule.when else (True, "")
        if holds:
            return _judgement(rule, arguments, seen)
    if author_asks:
        return Judgement(
            Ruling.ASKED, "The agent's author marked this call as needing approval.", "Marked by the author"
        )
    return Judgement(Ruling.LET_THROUGH, "No rule asks for a human.")


def _judgement(rule: Rule, arguments: Any, seen: str) -> Judgement:
    name = rule.name or f"{rule.tool} {rule.when or 'always'}"
    why = f"{seen}; the rule is {rule.when}." if seen else f"The rule “{name}” covers every call of {rule.tool}."
    due_in = DUE_IN[rule.risk] if rule.due_in is None else rule.due_in
    title = render(rule.title, arguments)
    return Judgement(rule.ruling, why, name, title, rule.risk, due_in, rule.reason_required, rule.verdicts)


def render(template: str, arguments: Any) -> str:
    """Fill ``{path}`` places with the arguments' values; a missing one becomes ``?``."""

    def value(match: re.Match[str]) -> str:
        found, actual = _dig(arguments, match.group(1))
        return show(actual) if found else "?"

    return re.sub(r"\{([\w.]+)\}", value, template)[:200]


def show(value: Any) -> str:
    """A value as a person reads it: grouped digits, two decimals, plain words."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _dig(value: Any, path: str) -> tuple[bool, Any]:
    for part in path.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return False, None
    return True, value
