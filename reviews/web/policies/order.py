"""Which policies in force are asked before another, in sentences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reviews.actions import rulebook
from reviews.policies import BadRule, Policy, Rule, rivals
from reviews.policies.book import USUAL

MOST, TOOLS = 5, 3


def asked_first(slug: str, agent: str, position: Any, rules: Iterable[Any]) -> list[str]:
    """What is asked before a policy that says this, or at the same position, about tools of its own."""
    number = position if isinstance(position, int) else USUAL
    mine = Policy(slug, tuple(_readable(rules)), agent=agent, position=number)
    found = rivals(rulebook.current().active, mine)
    said = [_told(one, mine, tools) for one, tools in found[:MOST]]
    return said + ([f"So are {len(found) - MOST} more."] if len(found) > MOST else [])


def _told(one: Policy, mine: Policy, tools: tuple[str, ...]) -> str:
    about = ", ".join("every tool" if tool == "*" else tool for tool in tools[:TOOLS])
    about += f" and {len(tools) - TOOLS} more" if len(tools) > TOOLS else ""
    name = f"{one.slug} version {one.version}"
    if one.position < mine.position:
        return f"{name} is asked first about {about}, at position {one.position}."
    first = f"{one.slug} is" if one.slug < mine.slug else "this one is"
    return f"{name} has the same position, {one.position}; {first} asked first about {about}, by its name."


def _readable(rules: Iterable[Any]) -> Iterable[Rule]:
    for rule in rules:
        try:
            yield Rule.from_dict(rule)
        except BadRule:
            continue
