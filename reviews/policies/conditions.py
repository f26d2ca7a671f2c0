"""One comparison of a value with another, such as ``amount > 200``: yes, no, or nobody can tell."""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reviews.policies import patterns
from reviews.policies.case import ARGUMENTS, Ambiguous, Case
from reviews.policies.values import PATH, is_like, quote, show, sort, steps

COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
WORDS = ("in", "contains", "matches", "exists")
OPERATORS = (*COMPARISONS, *(word for name in WORDS for word in (name, f"not {name}")))
OTHER_WAYS = {"==": "=", "≠": "!=", "≤": "<=", "≥": ">="}
"""Other ways to write an operator."""
CONDITION = re.compile(
    rf"\s*(?P<path>{PATH.pattern})"
    r"(?:\s*(?P<symbol>>=|<=|!=|==|≠|≤|≥|=|>|<)\s*(?=[^\s<>=!])|\s+(?P<word>(?:not\s+)?(?:in|contains|matches))\s+)"
    r"(?P<value>\S.*?)\s*",
    re.DOTALL,
)
EXISTENCE = re.compile(rf"\s*(?P<path>{PATH.pattern})\s+(?P<word>(?:not\s+)?exists)\s*")
DEEPEST = 10
OFTEN = 64
"""After so many values it is looked whether there is time left."""
Told = tuple[bool | None, str]


class BadRule(ValueError):
    """A rule cannot be read; the text names the key and the value, ``key`` is the one that is wrong."""

    key = ""


@dataclass(frozen=True)
class Condition:
    """One comparison of what a path leads to with a value; ``symbol`` is one of OPERATORS."""

    path: str
    symbol: str
    value: Any = None

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Read ``path op value``; the value is JSON, else a bare word. Raises BadRule."""
        if match := EXISTENCE.fullmatch(text):
            return cls.checked(match["path"], " ".join(match["word"].split()), None)
        match = CONDITION.fullmatch(text)
        if match is None:
            raise BadRule(
                f"Cannot read the condition {text!r}: write 'path op value' with one of {', '.join(OPERATORS)}."
            )
        symbol = OTHER_WAYS.get(match["symbol"] or "", match["symbol"]) or " ".join(match["word"].split())
        return cls.checked(match["path"], symbol, _value(match["value"], symbol))

    @classmethod
    def of(cls, path: Any, symbol: Any, value: Any) -> Condition:
        """One put together from its three parts, as a form has them. Raises BadRule."""
        if not isinstance(path, str) or not PATH.fullmatch(path):
            raise BadRule(f"Cannot read the path {path!r}: write names with dots between, such as order.total.")
        symbol = OTHER_WAYS.get(symbol, symbol) if isinstance(symbol, str) else symbol
        if symbol not in OPERATORS:
            raise BadRule(f"There is no operator {symbol!r}; there is {', '.join(OPERATORS)}.")
        return cls.checked(path, symbol, value)

    @classmethod
    def checked(cls, path: str, symbol: str, value: Any) -> Condition:
        """The condition, if its value fits its operator. Raises BadRule."""
        made = cls(path, symbol, value)
        wrong = _wrong(made)
        if wrong:
            raise BadRule(f"Cannot read the condition {made.text!r}: {wrong}.")
        return made

    @property
    def text(self) -> str:
        """As it is written, so that it reads back as the same."""
        if self.verb == "exists":
            return f"{self.path} {self.symbol}"
        return f"{self.path} {self.symbol} {_written(self.value)}"

    @property
    def verb(self) -> str:
        """The operator without its ``not``."""
        return self.symbol.removeprefix("not ")

    def test(self, subject: Any, *, strict: bool = False) -> Told:
        """Whether it holds, and what was seen; None where nobody can tell: a value is missing or of another type.

        Where the path has a star, it holds if it holds for any element; if ``strict``, only if it does for all. A
        pattern then has to match the whole text. ``subject`` is a Case, or arguments alone.
        """
        case = subject if isinstance(subject, Case) else Case("", "", subject)
        with case.at_work():
            try:
                return self._joined(case, strict)
            except Ambiguous:
                return None, f"{self.path} is also the name of an argument, so nobody can tell which is meant"
            except (ValueError, RecursionError):
                return None, f"{self.path} cannot be followed"

    def aimed_at_arguments(self) -> Condition:
        """The same about the argument, where the name alone would mean the call's tool or kind."""
        return Condition(f"{ARGUMENTS}.{self.path}", self.symbol, self.value) if self.path in ("tool", "kind") else self

    def _joined(self, case: Case, strict: bool) -> Told:
        """One answer out of many: for any, a yes wins, for all, a no does; else whether nobody can tell of one."""
        first: Told | None = None
        unsure: Told | None = None
        for at, (there, actual) in enumerate(case.find(steps(self.path))):
            if at % OFTEN == 0 and case.is_over():
                return None, f"{self.path} was not looked at: all conditions together took too long"
            told = self._one(case, there, actual, strict)
            if told[0] is not None and told[0] != strict:
                return told
            first, unsure = first or told, unsure or (told if told[0] is None else None)
        if first is None:
            return (None if strict else False), f"{self.path} has no elements"
        return unsure or first

    def _one(self, case: Case, there: bool, actual: Any, strict: bool) -> Told:
        if self.verb == "exists":
            return there != self.symbol.startswith(
                "not "
            ), f"{self.path} is {quote(actual)}" if there else f"{self.path} is missing"
        if not there:
            return None, f"{self.path} is missing"
        seen = f"{self.path} is {quote(actual)}"
        try:
            holds = self._holds(case, actual, strict)
        except TimeoutError:
            return None, f"{seen}, and the pattern took too long"
        except RecursionError:
            return None, f"{seen}, which is nested too deeply to compare"
        if holds is None:
            return None, f"{seen}, which cannot be compared with {quote(self.value)}"
        return holds, seen

    def _holds(self, case: Case, actual: Any, strict: bool) -> bool | None:
        if self.symbol in COMPARISONS:
            if not _comparable(self.symbol, actual, self.value):
                return None
            return bool(COMPARISONS[self.symbol](actual, self.value))
        is_denied = self.symbol.startswith("not ")
        if self.verb == "matches":
            holds = patterns.matches(case, self.value, actual, whole=strict and not is_denied)
        else:
            holds = (_is_in if self.verb == "in" else _contains)(actual, self.value)
        return holds if holds is None else holds != is_denied

    def __str__(self) -> str:
        """As a person reads it."""
        return self.text if self.symbol not in COMPARISONS else f"{self.path} {self.symbol} {show(self.value)}"


def read_condition(data: Any) -> Condition:
    """One condition as text, or as ``{"path": …, "op": …, "value": …}``. Raises BadRule."""
    if isinstance(data, str):
        return Condition.parse(data)
    if isinstance(data, Mapping) and {"path", "op"} <= set(data) <= {"path", "op", "value"}:
        return Condition.of(data["path"], data["op"], data.get("value"))
    raise BadRule(f"Cannot read the condition {data!r}: write it as a text, or with 'path', 'op' and 'value'.")


def _value(raw: str, symbol: str) -> Any:
    try:
        value = json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        value = raw
    if symbol.removeprefix("not ") == "in" and isinstance(value, str) and not raw.startswith('"'):
        return [_value(word.strip(), "=") for word in value.split(",")]
    return raw if symbol.removeprefix("not ") == "matches" and not isinstance(value, str) else value


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _wrong(condition: Condition) -> str:
    """What does not fit between the operator and its value; empty where all does."""
    value = condition.value
    if not _is_plain(value):
        return "the value must be JSON of finite numbers, not nested deeply"
    if condition.verb == "in" and (not isinstance(value, list) or not value):
        return 'write a list after it, such as ["EUR", "USD"]'
    if condition.verb == "contains" and (value is None or isinstance(value, (list, dict))):
        return "write one text, number, true or false after it"
    if condition.symbol in (">", "<", ">=", "<=") and sort(value) not in ("number", "text"):
        return "only a number or a text has an order"
    return patterns.wrong_in(value) if condition.verb == "matches" else ""


def _is_plain(value: Any, levels: int = DEEPEST) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, (list, dict)) and levels:
        inside = value.values() if isinstance(value, dict) else value
        return all(_is_plain(item, levels - 1) for item in inside)
    return value is None or isinstance(value, (str, int))


def _comparable(symbol: str, actual: Any, value: Any) -> bool:
    if not is_like(actual, value):
        return False
    if actual is None or value is None:
        return symbol in ("=", "!=")
    return symbol in ("=", "!=") or sort(actual) in ("number", "text")


def _is_in(actual: Any, values: list[Any]) -> bool | None:
    """Nobody can tell where it is none of them, and one of them is of another sort."""
    if any(sort(actual) == sort(value) and actual == value for value in values):
        return True
    return False if actual is not None and all(is_like(actual, value) for value in values) else None


def _contains(actual: Any, value: Any) -> bool | None:
    if isinstance(actual, str):
        return value in actual if isinstance(value, str) else None
    if isinstance(actual, Mapping):
        return value in actual if isinstance(value, str) else None
    if isinstance(actual, list):
        if any(sort(item) == sort(value) and item == value for item in actual):
            return True
        return False if all(is_like(item, value) for item in actual) else None
    return None
