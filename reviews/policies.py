"""Pure rules: which tool calls may pass, which ask a human, which are refused, and why."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
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
CONDITION = re.compile(r"^\s*([\w.]+)\s*(>=|<=|!=|==|=|>|<)\s*([^\s<>=!].*?)\s*$")
RULINGS = {"ask": Ruling.ASKED, "allow": Ruling.LET_THROUGH, "refuse": Ruling.REFUSED}
DUE_IN = {Risk.LOW: 8 * 3600, Risk.MEDIUM: 4 * 3600, Risk.HIGH: 3600, Risk.CRITICAL: 900}
"""Seconds until an item is due, by risk, when its rule does not say (research: escalation defaults)."""

NOT_BY = ("requester", "agent_owner", "earlier_voters")
"""Who may be kept from deciding: who asked for the run, who owns the agent, who decided before in the same run."""
REJECTING = ("any", "majority")
"""When a question is rejected: by the first who rejects, or by the majority of those who may vote."""


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
        return cls(path, "=" if symbol == "==" else symbol, value)

    def test(self, arguments: Any) -> tuple[bool | None, str]:
        """Whether it holds, and what was seen; None where nobody can tell: a value is missing or of another type."""
        found, actual = _dig(arguments, self.path)
        if not found:
            return None, f"{self.path} is missing"
        if not _comparable(self.symbol, actual, self.value):
            return None, f"{self.path} is {show(actual)}, which cannot be compared with {show(self.value)}"
        return bool(OPERATORS[self.symbol](actual, self.value)), f"{self.path} is {show(actual)}"

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
        if not isinstance(data, Mapping) or set(data) - set(READERS) or not data.get("tool"):
            raise BadRule(f"A rule is a dict that needs 'tool' and knows {', '.join(READERS)}; got {data!r}.")
        return cls(**{key: _read(key, value) for key, value in data.items() if value is not None})

    def covers(self, arguments: Any) -> tuple[bool, str]:
        """Whether it speaks about a call with these arguments, and what was seen.

        Where its condition cannot tell, a rule that guards speaks and a rule that allows is silent: both fail closed.
        """
        if self.when is None:
            return True, ""
        holds, seen = self.when.test(arguments)
        return (self.ruling != Ruling.LET_THROUGH if holds is None else holds), seen


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("write a text")
    return value


def _seconds(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise ValueError("write a number of seconds above 0")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("write True or False")
    return value


def _one_of(choices: Mapping[str, Any]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, str) or value.lower() not in choices:
            raise ValueError(f"write one of {', '.join(choices)}")
        return choices[value.lower()]

    return read


def _verdicts(value: Any) -> tuple[Verdict, ...]:
    if isinstance(value, str) or not value:
        raise ValueError("write a list of verdicts")
    read = _one_of({str(verdict): verdict for verdict in Verdict})
    return tuple(read(verdict) for verdict in value)


READERS: dict[str, Callable[[Any], Any]] = {
    "tool": _text,
    "ruling": _one_of(RULINGS),
    "when": lambda text: Condition.parse(_text(text)),
    "agent": _text,
    "name": _text,
    "title": _text,
    "risk": _one_of({risk.name.lower(): risk for risk in Risk}),
    "due_in": _seconds,
    "reason_required": _flag,
    "verdicts": _verdicts,
}


def _read(key: str, value: Any) -> Any:
    try:
        return READERS[key](value)
    except BadRule:
        raise
    except (ValueError, TypeError) as error:
        raise BadRule(f"Cannot read {key}={value!r} of a rule: {error}.") from error


@dataclass(frozen=True)
class Judgement:
    """What the rules say about one call: the ruling, why, and how to ask.

    ``policy``, ``policy_version`` and ``rule`` are where it was said, ``seen`` the value that matched. ``queue`` is the
    run's own where it is empty; ``groups`` are groups or queues whose members' approvals count, all of the queue's
    people where none is named; ``not_by`` and ``rejecting`` are words of NOT_BY and REJECTING; ``escalation`` is the
    slug of an escalation policy, that of the risk where it is empty.
    """

    ruling: Ruling
    why: str
    name: str = ""
    title: str = ""
    risk: Risk = Risk.MEDIUM
    due_in: int = DUE_IN[Risk.MEDIUM]
    reason_required: bool = False
    verdicts: tuple[Verdict, ...] = ()
    policy: str = ""
    policy_version: int = 0
    rule: str = ""
    seen: str = ""
    queue: str = ""
    approvals: int = 1
    groups: tuple[str, ...] = ()
    not_by: tuple[str, ...] = ()
    rejecting: str = "any"
    escalation: str = ""
    presets: tuple[str, ...] = ()

    def snapshot(self) -> dict[str, Any]:
        """The frozen copy that an intervention keeps, as JSON."""
        return asdict(self)


MARKED = Judgement(Ruling.ASKED, "The agent's author marked this call as needing approval.", "Marked by the author")
PASSES = Judgement(Ruling.LET_THROUGH, "No rule asks for a human.")


def judge(rules: Sequence[Rule], *, tool: str, agent: str, arguments: Any, author_asks: bool) -> Judgement:
    """The first matching rule decides; else what the agent's author marked on the tool."""
    for rule in rules:
        if not (fnmatchcase(tool, rule.tool) and fnmatchcase(agent, rule.agent)):
            continue
        covered, seen = rule.covers(arguments)
        if covered:
            return _judgement(rule, arguments, seen)
    return MARKED if author_asks else PASSES


def _judgement(rule: Rule, arguments: Any, seen: str) -> Judgement:
    name = rule.name or f"{rule.tool} {rule.when or 'always'}"
    why = f"{seen}; the rule is {rule.when}." if seen else f"The rule “{name}” covers every call of {rule.tool}."
    due_in = DUE_IN[rule.risk] if rule.due_in is None else rule.due_in
    title = render(rule.title, arguments)
    said = Judgement(rule.ruling, why, name, title, rule.risk, due_in, rule.reason_required, rule.verdicts)
    return replace(said, rule=name, seen=seen)


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
        rounded = f"{value:,.2f}"
        return rounded if float(rounded.replace(",", "")) == value else repr(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _dig(value: Any, path: str) -> tuple[bool, Any]:
    for part in path.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return False, None
    return True, value


def _comparable(symbol: str, actual: Any, value: Any) -> bool:
    if actual != actual or value != value:  # not a number: it is neither above nor below anything
        return False
    if symbol in ("=", "!=") and (actual is None or value is None):
        return True
    sort = _sort(actual)
    return sort == _sort(value) and (symbol in ("=", "!=") or sort in ("number", "text"))


def _sort(value: Any) -> str:
    if isinstance(value, bool):
        return "yes or no"
    if isinstance(value, (int, float)):
        return "number"
    return "text" if isinstance(value, str) else type(value).__name__
