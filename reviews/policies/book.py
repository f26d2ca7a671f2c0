"""Several policies together: by position, the first matching rule of all decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from reviews.policies.case import Case
from reviews.policies.conditions import BadRule
from reviews.policies.judging import Judgement, judge_case
from reviews.policies.readers import READERS
from reviews.policies.rules import Rule
from reviews.states import Ruling

MOST_RULES = 200
NO_RULE = "This is no rule: write an object with tool, ruling, when and so on."
FIRST, LAST, USUAL = 0, 1000, 500
"""The positions a policy may have, and the one it has where nothing else is said."""


@dataclass(frozen=True)
class Policy:
    """One version of a policy, ready to judge by. What is ``unreadable`` lets no call pass and says why."""

    slug: str
    rules: tuple[Rule, ...]
    version: int = 0
    agent: str = "*"
    position: int = USUAL
    unreadable: str = ""

    def speaks_of(self, agent: str) -> bool:
        """Whether it is about the runs of that registered agent."""
        return fnmatchcase(agent, self.agent)

    def judge(self, case: Case) -> Judgement | None:
        """What its first matching rule says; None where none does."""
        said = judge_case(self.rules, case)
        if not said.rule:
            return None
        if self.unreadable:
            so = "but refuses this" if said.ruling == Ruling.REFUSED else "so a person is asked"
            why = f"The policy {self.slug} (version {self.version}) cannot be used, {so}"
            said = replace(said, why=f"{why}: {self.unreadable}")
        return replace(said, policy=self.slug, policy_version=self.version)


def ordered(policies: Iterable[Policy]) -> tuple[Policy, ...]:
    """In the order in which they are asked."""
    return tuple(sorted(policies, key=lambda policy: (policy.position, policy.slug)))


def judge_by(policies: Sequence[Policy], case: Case, *, agent: str, author_asks: bool = False) -> Judgement:
    """What the policies say about a call in a run of the registered ``agent``; they come ``ordered``."""
    for policy in policies:
        if policy.speaks_of(agent) and (said := policy.judge(case)):
            return said
    return judge_case((), case, author_asks=author_asks)


def with_trial(policies: Iterable[Policy], trial: Policy) -> tuple[Policy, ...]:
    """The policies as they would be with this one instead of the version that is in force."""
    return ordered([*(policy for policy in policies if policy.slug != trial.slug), trial])


def read_rules(data: Any) -> tuple[Rule, ...]:
    """The rules of a policy. Raises BadRule for the first that cannot be read."""
    for wrong in problems(data).values():
        raise BadRule(wrong)
    return tuple(Rule.from_dict(rule) for rule in data)


def problems(data: Any) -> dict[str, str]:
    """What cannot be read in a policy's rules, by place: ``rules``, ``rules.0`` or ``rules.0.when``."""
    if not isinstance(data, list) or len(data) > MOST_RULES:
        return {"rules": f"Rules are a list of at most {MOST_RULES}."}
    return dict(found for at, rule in enumerate(data) for found in _problems(at, rule))


def mentions(policies: Iterable[Policy], path: str) -> bool:
    """Whether any condition or title of theirs looks at that path, such as ``run.input`` or ``requester``."""
    return any(
        path in template_or_path
        for policy in policies
        for rule in policy.rules
        for template_or_path in (rule.title, *(condition.path for condition in rule.when))
    )


def _problems(at: int, rule: Any) -> Iterator[tuple[str, str]]:
    """Each key that is wrong by itself; what is wrong only together is found once each can be read."""
    if not isinstance(rule, Mapping):
        yield f"rules.{at}", NO_RULE
        return
    if alone := list(_wrong_alone(rule)):
        yield from ((f"rules.{at}.{key}", said) for key, said in alone)
        return
    try:
        Rule.from_dict(rule)
    except BadRule as error:
        yield f"rules.{at}.{error.key}" if error.key else f"rules.{at}", str(error)


def _wrong_alone(rule: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not rule.get("tool"):
        yield "tool", "Name a tool, or write * for every tool."
    for key, value in rule.items():
        if key not in READERS:
            yield str(key), f"There is no key {str(key)!r}; a rule knows {', '.join(READERS)}."
        elif key != "tool" or value:
            try:
                Rule.require_readable(key, value)
            except BadRule as error:
                yield key, str(error)
