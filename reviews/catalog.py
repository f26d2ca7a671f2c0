"""What this process knows of its registered agents, without importing the SDK."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class UnknownAgent(LookupError):
    """No agent is registered under that slug; the text lists those that are."""


@dataclass(frozen=True)
class AgentCard:
    """One registered agent, as the desk and the verbs need to see it.

    ``owners`` are user names, ``review`` the rules that its code says.
    """

    slug: str
    title: str
    queue: str
    version: str
    description: str = ""
    review_output: bool = False
    max_rejections: int | None = None
    scripted: bool = False
    sample_input: str = ""
    tools: tuple[str, ...] = ()
    ungated: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    review: tuple[Mapping[str, Any], ...] = ()


_cards: dict[str, AgentCard] = {}


def declare(card: AgentCard) -> None:
    """Make the agent known to this process; a later card of the same slug replaces the earlier one."""
    _cards[card.slug] = card


def withdraw(slug: str) -> None:
    """Forget the agent, if it was known."""
    _cards.pop(slug, None)


def get(slug: str) -> AgentCard:
    """The card of that slug. Raises UnknownAgent with the known slugs in its text."""
    try:
        return _cards[slug]
    except KeyError:
        known = ", ".join(sorted(_cards)) or "none"
        raise UnknownAgent(f"No agent is registered as {slug!r}. Registered agents: {known}.") from None


def all_cards() -> list[AgentCard]:
    """Every known agent, by slug."""
    return [_cards[slug] for slug in sorted(_cards)]
