"""Conditions as rows of a form: what is looked at, how it is compared, and with what."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from reviews.policies import OPERATORS, BadRule, Condition
from reviews.policies.conditions import read_condition
from reviews.policies.values import PATH
from reviews.web import texts

WITHOUT_VALUE = ("exists", "not exists")
SIGNS = {"!=": "≠", "<=": "≤", ">=": "≥"}
CHOICES = [(operator, SIGNS.get(operator, operator)) for operator in OPERATORS]
FIRST = "="


@dataclass(frozen=True)
class Line:
    """One row as it was typed."""

    path: str = ""
    op: str = FIRST
    value: str = ""

    @classmethod
    def of(cls, data: Any) -> Line:
        """A condition as it is kept; one that cannot be read stands whole in the first field."""
        try:
            found = read_condition(data)
        except BadRule:
            return cls(texts.written(data))
        return cls(found.path, found.symbol, _typed(found))

    @property
    def is_blank(self) -> bool:
        """Whether nobody has written anything into it."""
        return not (self.path.strip() or self.value.strip())

    @property
    def said(self) -> Any:
        """It as a rule takes it."""
        path, value = self.path.strip(), self.value.strip()
        if self.op in WITHOUT_VALUE:
            return {"path": path, "op": self.op}
        try:
            return {"path": path, "op": self.op, "value": Condition.parse(f"x {self.op} {value}").value}
        except BadRule:
            return f"{path} {self.op} {value}".strip() if PATH.fullmatch(path) else {"path": path, "op": self.op}

    @property
    def error(self) -> str:
        """What is wrong with it; empty where it can be read, or is blank."""
        try:
            if not self.is_blank:
                read_condition(self.said)
        except BadRule as error:
            return str(error)
        return ""

    @property
    def options(self) -> list[tuple[str, str]]:
        """The operators, with one that is none where that was sent."""
        return CHOICES if self.op in OPERATORS else [*CHOICES, (self.op, self.op)]


def _typed(condition: Condition) -> str:
    """The value as a person would type it: bare words where they are read back as the same."""
    value = condition.value
    if condition.symbol in WITHOUT_VALUE:
        return ""
    bare = ", ".join(value) if isinstance(value, list) and all(isinstance(one, str) for one in value) else value
    if isinstance(bare, str) and bare == bare.strip():
        try:
            if Condition.parse(f"x {condition.symbol} {bare}").value == value:
                return bare
        except BadRule:
            pass
    return json.dumps(value, ensure_ascii=False)
