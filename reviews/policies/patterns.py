"""Regular expressions that people write: bounded in length, in what they unfold to, and in time."""

from __future__ import annotations

import re
import time
from typing import Any

import regex

from reviews.policies.case import Case

LONGEST = 500
HEAVIEST = 10_000
"""Steps that a pattern may unfold to: a{1000} is a thousand, (a{100}){100} ten thousand."""
ONE_MATCH = 0.1
"""Seconds that one pattern may take."""
REPEAT = re.compile(r"\{(\d*)(?:,(\d*))?\}")
CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]?", re.DOTALL)
OPENING = re.compile(r"\((?:\?(?:#[^)]*|P?<\w+>|<?[=!]|[\w-]*:|[>|])?)?")
OTHER_WRITING = re.compile(r"\(\?[a-zA-Z0-9]*(?:x|V1)")
"""Flags under which brackets may mean nothing, or be nested."""


def wrong_in(pattern: Any) -> str:
    """What is wrong with a pattern; empty where nothing is. One that unfolds to too much is not compiled at all."""
    if not isinstance(pattern, str):
        return "a pattern is a text"
    if len(pattern) > LONGEST:
        return f"a pattern has at most {LONGEST} characters"
    if weight(pattern) > HEAVIEST:
        return f"its repeats unfold to more than {HEAVIEST:,} steps"
    try:
        regex.compile(pattern)
    except (regex.error, OverflowError, RecursionError, ValueError) as error:
        return f"the pattern is no regular expression ({error})"
    return ""


def weight(pattern: str) -> int:
    """To how many steps its counted repeats unfold, at least; nested ones are multiplied."""
    if OTHER_WRITING.search(pattern):
        return _product(pattern)
    sums, last, at = [0], 0, 0
    while at < len(pattern):
        sign, size = pattern[at], 1
        if sign == "(":
            sums.append(0)
            last, size = 0, len(OPENING.match(pattern, at)[0])  # type: ignore[index]  # it begins with one
        elif sign == ")" and len(sums) > 1:
            last = max(1, sums.pop())
            sums[-1] += last
        elif repeat := REPEAT.match(pattern, at):
            sums[-1] += last * (_times(repeat) - 1)
            last, size = last * _times(repeat), len(repeat[0])
        elif sign not in "*+?|":
            size = 2 if sign == "\\" else len(CLASS.match(pattern, at)[0]) if sign == "[" else 1  # type: ignore[index]
            last = 1
            sums[-1] += 1
        at += size
    return sum(sums)


def matches(case: Case, pattern: str, actual: Any, *, whole: bool) -> bool | None:
    """Whether it is found, or matches the whole text; None where it is none.

    Raises TimeoutError where the pattern takes longer than one may, or all of this call have.
    """
    if not isinstance(actual, str):
        return None
    left = min(ONE_MATCH, case.time_left())
    if left <= 0:
        raise TimeoutError
    began = time.monotonic()
    try:
        find = regex.fullmatch if whole else regex.search
        return find(pattern, actual, timeout=left) is not None
    finally:
        case.spend(began)


def _times(repeat: re.Match[str]) -> int:
    """How often it may repeat, at least once; without an upper end as often as it has to."""
    return max(1, *(int(number) for number in repeat.groups() if number))


def _product(pattern: str) -> int:
    """All repeats, as if each were inside the others."""
    product = 1
    for repeat in REPEAT.finditer(pattern):
        product = min(product * _times(repeat), HEAVIEST + 1)
    return product
