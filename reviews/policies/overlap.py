"""Which policies may speak of the same calls as another, so that the order in which they are asked matters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from reviews.policies.book import Policy
from reviews.policies.rules import Rule

WILD = re.compile(r"[*?\[]")


def rivals(policies: Iterable[Policy], mine: Policy) -> list[tuple[Policy, tuple[str, ...]]]:
    """The other policies that are asked before this one, or at the same position, with the tools both may speak of."""
    others = [one for one in policies if one.slug != mine.slug and one.position <= mine.position]
    found = [(one, _shared(one, mine)) for one in others if may_meet(one.agent, mine.agent)]
    return [(one, tools) for one, tools in found if tools]


def may_meet(one: str, other: str) -> bool:
    """Whether both patterns may mean the same name; of two with stars it is told by how they begin."""
    if fnmatchcase(one, other) or fnmatchcase(other, one):
        return True
    if not (WILD.search(one) and WILD.search(other)):
        return False
    first, second = (WILD.split(pattern, maxsplit=1)[0] for pattern in (one, other))
    return first.startswith(second) or second.startswith(first)


def _shared(one: Policy, mine: Policy) -> tuple[str, ...]:
    return tuple(dict.fromkeys(rule.tool for rule in mine.rules if any(_meet(rule, other) for other in one.rules)))


def _meet(one: Rule, other: Rule) -> bool:
    same_kind = "*" in (one.kind, other.kind) or one.kind == other.kind
    return same_kind and may_meet(one.tool, other.tool) and may_meet(one.agent, other.agent)
