"""Rules as sentences that people read: every key of a rule is in them, so that nothing a rule says stays unseen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reviews.policies import BadRule, Condition, Rule
from reviews.states import Kind, Risk, Ruling, Verdict
from reviews.web import texts

VERBS = {Ruling.ASKED: "Asks", Ruling.LET_THROUGH: "Lets through", Ruling.REFUSED: "Refuses"}
TONES = {Ruling.ASKED: "wait", Ruling.LET_THROUGH: "good", Ruling.REFUSED: "bad"}
OPERATORS = {"!=": "≠", "<=": "≤", ">=": "≥"}
NOT_BY = {
    "requester": "who asked for the run",
    "agent_owner": "who owns the agent",
    "earlier_voters": "who decided before in the same run",
}
UNITS = ((86_400, "days"), (3600, "hours"), (60, "min"))
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True)
class Sentence:
    """One rule. ``details`` are what it says beside when and what; ``broken`` is set where it cannot be read."""

    verb: str
    tone: str
    about: str
    conditions: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    name: str = ""
    risk: int = 0
    broken: str = ""

    @property
    def text(self) -> str:
        """It in lines of plain text, for comparing one version with another."""
        head = f"{self.verb} when {' and '.join(self.conditions)}" if self.conditions else f"{self.verb} always"
        said = [f"{head}: {self.about}", *self.details]
        return "\n  ".join([f"“{self.name}”", *said] if self.name else said)


def sentence(data: Any) -> Sentence:
    """The sentence of a rule as it is kept; of one that cannot be read, what is there."""
    try:
        rule = Rule.from_dict(data)
    except BadRule as error:
        return Sentence("Cannot be read", "bad", texts.cut(texts.written(data)), broken=str(error))
    return Sentence(
        verb=VERBS[rule.ruling],
        tone=TONES[rule.ruling],
        about=_about(rule),
        conditions=tuple(map(spoken, rule.when)),
        details=tuple(_details(rule)),
        name=rule.name,
        risk=rule.risk if rule.ruling == Ruling.ASKED else 0,
    )


def spoken(condition: Condition) -> str:
    """A condition with the signs that people write."""
    return str(condition).replace(f" {condition.symbol} ", f" {OPERATORS.get(condition.symbol, condition.symbol)} ", 1)


def count(number: int, what: str) -> str:
    """A number of things: two approvals, one approval."""
    return f"{NUMBERS[number] if number < len(NUMBERS) else number} {what}{'' if number == 1 else 's'}"


def span(seconds: int) -> str:
    """A length of time as it can be typed: 90 min, 4 hours."""
    size, unit = next((unit for unit in UNITS if not seconds % unit[0]), (1, "s"))
    return f"{seconds // size} {unit}"


def _about(rule: Rule) -> str:
    calls = "calls of every tool" if rule.tool == "*" else f"calls of {rule.tool}"
    agent = "" if rule.agent == "*" else f" by the agent {rule.agent}"
    return f"{calls}{agent}" + ("" if rule.kind == "*" else f", {Kind(rule.kind).label.lower()} only")


def _details(rule: Rule) -> Iterator[str]:
    if rule.ruling == Ruling.ASKED or rule.risk != Risk.MEDIUM:
        yield f"{Risk(rule.risk).label.lower()} risk"
    if rule.approvals != 1:
        yield count(rule.approvals, "approval")
    if rule.groups:
        yield f"approvals count of {_listed(rule.groups)} only"
    if rule.not_by:
        yield f"not by {_listed([NOT_BY[one] for one in rule.not_by])}"
    if rule.rejecting == "majority":
        yield "rejected by the majority"
    if rule.queue:
        yield f"asked in the queue {rule.queue}"
    if rule.due_in is not None:
        yield f"answer due within {span(rule.due_in)}"
    if rule.escalation:
        yield f"time limits: {rule.escalation}"
    if rule.reason_required:
        yield "a reason is required"
    if rule.verdicts:
        yield f"only {_listed([Verdict(one).label.lower() for one in rule.verdicts])}"
    if rule.title:
        yield f"shown as “{rule.title}”"
    if rule.presets:
        yield f"ready reasons: {', '.join(f'“{one}”' for one in rule.presets)}"


def _listed(words: tuple[str, ...] | list[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
