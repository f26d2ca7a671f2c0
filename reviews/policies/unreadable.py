"""What stands for a policy that cannot be read: a person is asked, as strictly as what can still be read of it asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reviews.policies.book import MOST_RULES, Policy
from reviews.policies.conditions import BadRule
from reviews.policies.readers import NOT_BY, READERS
from reviews.policies.rules import Rule
from reviews.states import Risk, Ruling

GUARD = Rule("*", name="Unreadable policy", risk=Risk.HIGH)


def unreadable(slug: str, version: int, agent: str, position: int, why: str, rules: Any = ()) -> Policy:
    """Refuse what it refused, and ask a person about whatever else it might have spoken of.

    As many have to approve, and as many are kept from deciding, as the strictest of its ``rules`` says; by the groups,
    in the queue and within the time limits that its rules agree on.
    """
    read = [_read(rule) for rule in rules if isinstance(rule, Mapping)] if isinstance(rules, list) else []
    guard = _strictest([rule for rule in read[:MOST_RULES] if rule.ruling == Ruling.ASKED])
    kept = [rule if rule.ruling == Ruling.REFUSED else _guarded(rule, guard) for rule in read[:MOST_RULES]]
    return Policy(slug, (*kept, guard), version, agent, position, why)


def _strictest(asking: list[Rule]) -> Rule:
    barred = {word for rule in asking for word in rule.not_by}
    queues, limits = {rule.queue for rule in asking}, {rule.escalation for rule in asking}
    return replace(
        GUARD,
        risk=max([GUARD.risk, *(rule.risk for rule in asking)]),
        approvals=max([1, *(rule.approvals for rule in asking)]),
        not_by=tuple(word for word in NOT_BY if word in barred),
        groups=tuple(dict.fromkeys(name for rule in asking for name in rule.groups))
        if all(rule.groups for rule in asking)
        else (),
        reason_required=any(rule.reason_required for rule in asking),
        queue=queues.pop() if len(queues) == 1 else "",
        escalation=limits.pop() if len(limits) == 1 else "",
    )


def _guarded(rule: Rule, guard: Rule) -> Rule:
    """The calls that a rule was about, asked about as the guard does."""
    return replace(guard, tool=rule.tool, agent=rule.agent, kind=rule.kind, when=rule.when)


def _read(said: Mapping[str, Any]) -> Rule:
    """A rule by those of its keys that can be read."""
    found = {key: said[key] for key in READERS if key in said and _is_readable(key, said[key])}
    try:
        return Rule.from_dict({"tool": "*"} | found)
    except BadRule:
        return Rule.from_dict({key: value for key, value in found.items() if key == "ruling"} | {"tool": "*"})


def _is_readable(key: str, value: Any) -> bool:
    try:
        Rule.require_readable(key, value)
    except BadRule:
        return False
    return bool(value) or key != "tool"
