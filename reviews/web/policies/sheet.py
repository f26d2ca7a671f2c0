"""What stands in the editor of a draft: its head and its rules in order, some of them open, as they were typed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from reviews.actions import policy_bodies
from reviews.actions.text import is_deep
from reviews.models import EscalationPolicy, Queue, ReviewPolicy
from reviews.policies.book import MOST_RULES
from reviews.web import texts
from reviews.web.policies.rule_forms import LINES, Raw, RuleForm, can_open, raw_of, rule_of
from reviews.web.policies.sentences import Sentence, sentence

HEAD = ("title", "agent", "position", "note")
FEW = 3
"""So many rules are all open from the start."""
MOST_OPEN = 8
"""So many may be open at a time: a form of all would be more than a request may hold."""
DEEPEST = 50
NO_OBJECT = "This cannot be read as JSON with title, agent, position, note and rules."


@dataclass(frozen=True)
class Shown:
    """One rule in the editor: a form where it is open, else its sentence and what it says."""

    at: int
    sentence: Sentence
    kept: str
    form: RuleForm | None
    errors: dict[str, str]
    can_open: bool

    @property
    def place(self) -> str:
        """Its number, as buttons name it."""
        return str(self.at)

    @property
    def alone(self) -> list[Sentence]:
        """Its sentence, as a list of one."""
        return [self.sentence]


@dataclass
class Sheet:
    """The editor's state; all of it travels with the form, nothing is kept between two requests."""

    head: dict[str, str]
    rules: list[Any]
    """Each rule as written, or, where it is open, as typed."""
    open: list[bool]
    text: str = ""
    """The JSON, where that is what is edited."""
    errors: dict[str, str] = field(default_factory=dict)
    focus: str = ""
    said: str = ""

    @classmethod
    def of(cls, body: dict[str, Any]) -> Sheet:
        """What a version says."""
        rules = list(body.get("rules") or [])
        head = {name: _typed(body.get(name, "")) for name in HEAD}
        made = cls(head, rules, [False] * len(rules))
        for at in range(len(rules) if len(rules) <= FEW else 0):
            made.unfold(at)
        return made

    @classmethod
    def sent(cls, data: QueryDict) -> Sheet:
        """What the forms of the rules sent."""
        head = {name: str(data.get(name, "")) for name in HEAD}
        number = min(texts.number(str(data.get("rules", "0"))), MOST_RULES + 1)
        made = cls(head, [], [])
        for at in range(number):
            kept = data.get(f"kept-{at}")
            made.rules.append(_raw(data, f"rules-{at}-") if kept is None else _rule(str(kept)))
            made.open.append(kept is None)
        return made

    @property
    def body(self) -> dict[str, Any]:
        """What is to be saved."""
        position = self.head["position"].strip()
        number = int(position) if position.isdecimal() and len(position) < 9 else self.head["position"]
        return {**self.head, "position": number, "rules": [self.rule(at) for at in range(len(self.rules))]}

    def rule(self, at: int) -> Any:
        """One rule as it is written."""
        return rule_of(self.rules[at]) if self.open[at] else self.rules[at]

    def unfold(self, at: int) -> bool:
        """Open the form of a rule; False where too many are open, or no form could hold it."""
        if self.open[at]:
            return True
        if sum(self.open) >= MOST_OPEN or not can_open(self.rules[at]):
            return False
        self.rules[at], self.open[at] = raw_of(self.rules[at]), True
        return True

    def fold(self, at: int) -> None:
        """Close it again; what was typed stays."""
        self.rules[at], self.open[at] = self.rule(at), False

    def check(self) -> dict[str, str]:
        """What is wrong, by key, without asking the database; what is wrong in a closed rule opens it."""
        self.refuse(policy_bodies.errors_in(self.body))
        return self.errors

    def refuse(self, errors: dict[str, str]) -> None:
        """Show these errors at their places."""
        self.errors = dict(errors)
        for at in range(len(self.rules)):
            if any(key == f"rules.{at}" or key.startswith(f"rules.{at}.") for key in errors):
                self.unfold(at)

    def shown(self) -> list[Shown]:
        """The rules for the page: two statements where one is open."""
        queues: Sequence[str] = list(Queue.objects.order_by("slug").values_list("slug", flat=True)[:500])
        limits = list(EscalationPolicy.objects.order_by("slug").values_list("slug", flat=True).distinct()[:500])
        return [self._shown(at, queues, limits) for at in range(len(self.rules))]

    def _shown(self, at: int, queues: Sequence[str], limits: Sequence[str]) -> Shown:
        here = f"rules.{at}"
        wrong = {key.removeprefix(here).lstrip("."): said for key, said in self.errors.items() if key == here}
        wrong |= {key.removeprefix(f"{here}."): said for key, said in self.errors.items() if key.startswith(f"{here}.")}
        form = RuleForm(self.rules[at], at, queues=queues, escalations=limits) if self.open[at] else None
        if form:
            form.refuse(wrong)
        rule = self.rule(at)
        return Shown(at, sentence(rule), json.dumps(rule, ensure_ascii=False), form, wrong, can_open(rule))


def body_of(row: ReviewPolicy) -> dict[str, Any]:
    """What a version says, as it is edited."""
    return {name: getattr(row, name) for name in (*HEAD, "rules")}


def read_json(text: str) -> dict[str, Any] | None:
    """The body that the JSON says; None where it is none that forms could hold."""
    read = texts.read(text)
    is_body = isinstance(read, dict) and isinstance(read.get("rules", []), list) and not is_deep(read, DEEPEST)
    return read if is_body else None


def unknown(body: dict[str, Any]) -> set[str]:
    """Keys for which the form of a policy has no place."""
    return set(body) - {*HEAD, "rules", "slug"}


def _rule(kept: str) -> Any:
    """A closed rule, as the form brought it."""
    read = texts.read(kept)
    return kept if is_deep(read, DEEPEST) else read


def _raw(data: QueryDict, prefix: str) -> Raw:
    names = {*RuleForm.base_fields, *LINES}
    return {name: list(map(str, data.getlist(prefix + name))) for name in names if prefix + name in data}


def _typed(value: Any) -> str:
    return value if isinstance(value, str) else texts.written(value)
