"""Which agents this process can run: found in the ``agents`` modules of the installed apps."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from agents import Agent
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import autodiscover_modules

from agents_runtime import llm, sdk
from reviews import catalog
from reviews.actions.text import UNSTORABLE
from reviews.catalog import AgentCard
from reviews.policies import BadRule, Rule
from reviews.states import Kind

SLUG = re.compile(r"[a-z0-9][a-z0-9-]*")
LONGEST = {"slug": 100, "queue": 50, "version": 50, "name": 200}
"""Characters that the columns have: SQLite would keep more, PostgreSQL would refuse the run."""
Build = Callable[[], Agent[Any]]


@dataclass(frozen=True)
class Entry:
    """One registered agent: how to build it, and how it is to be reviewed."""

    slug: str
    build: Build
    queue: str
    version: str
    title: str
    description: str
    review_output: bool
    idempotent: frozenset[str]
    ungated: frozenset[str]
    rules: tuple[Rule, ...]
    sample_input: str
    max_turns: int
    max_rejections: int | None
    owners: tuple[str, ...] = ()


_entries: dict[str, Entry] = {}


def register(
    slug: str,
    *,
    queue: str,
    version: str,
    title: str = "",
    description: str = "",
    review_output: bool = False,
    review: Sequence[Mapping[str, Any]] = (),
    idempotent: Collection[str] = (),
    ungated: Collection[str] = (),
    sample_input: str = "",
    max_turns: int | None = None,
    max_rejections: int | None = None,
    owners: Collection[str] = (),
) -> Callable[[Build], Build]:
    """Make the agent that the decorated function builds known under ``slug``.

    ``version`` is yours: change it when a run that waits must not go on with the new code. ``review`` are rules, of
    which the first that matches a call decides; ``idempotent`` names the tools that may run again after a crash;
    ``ungated`` the tools accepted although nothing can stop them. The same proposal rejected ``max_rejections`` times
    in one run (else FOUREYES_MAX_REJECTIONS) ends the run when it comes again. ``owners`` are the user names of
    those who answer for the agent: a rule may keep them from deciding. Raises ImproperlyConfigured for a bad or
    taken slug, for a queue or version that cannot be kept and for a rule that cannot be read.
    """
    _require_names(slug, queue, version)
    if isinstance(owners, str):
        raise ImproperlyConfigured(f"Agent {slug!r}: owners is {owners!r}; write a list of user names.")
    if max_rejections is not None and max_rejections < 1:
        raise ImproperlyConfigured(f"Agent {slug!r}: max_rejections is {max_rejections}; it must be at least 1.")

    def keep(build: Build) -> Build:
        known = _entries.get(slug)
        if known is not None and _origin(known.build) != _origin(build):
            raise ImproperlyConfigured(
                f"Two agents are registered as {slug!r}: {_origin(known.build)} and {_origin(build)}. Rename one."
            )
        try:
            rules = tuple(Rule.from_code(rule) for rule in review)
        except BadRule as error:
            raise ImproperlyConfigured(f"Agent {slug!r}: {error}") from error
        _entries[slug] = Entry(
            slug=slug,
            build=build,
            queue=queue,
            version=version,
            title=title or slug.replace("-", " ").capitalize(),
            description=description,
            review_output=review_output,
            idempotent=frozenset(idempotent),
            ungated=frozenset(ungated),
            rules=rules,
            sample_input=sample_input,
            max_turns=max_turns or int(getattr(settings, "FOUREYES_MAX_TURNS", 50)),
            max_rejections=max_rejections,
            owners=tuple(owners),
        )
        return build

    return keep


def get(slug: str) -> Entry:
    """The entry of that slug. Raises UnknownAgent, naming those that are known."""
    if slug not in _entries:
        catalog.get(slug)
        raise catalog.UnknownAgent(
            f"The agent {slug!r} is known here but cannot be built: register it in an agents.py."
        )
    return _entries[slug]


def versions() -> dict[str, str]:
    """Every agent this process can run, with its version."""
    return {slug: entry.version for slug, entry in _entries.items()}


def discover() -> None:
    """Import every ``agents`` module, try each agent once, and tell the domain. Raises ImproperlyConfigured."""
    autodiscover_modules("agents")
    for entry in _entries.values():
        declare(entry)


def declare(entry: Entry) -> None:
    """Build the agent to see that it can be gated, and put its card in the catalog. Raises ImproperlyConfigured."""
    agent = _built(entry)
    names = sdk.tool_names(agent)
    if unknown := sorted(entry.idempotent - set(names)):
        raise ImproperlyConfigured(f"Agent {entry.slug!r} names {unknown[0]!r} as idempotent but has no such tool.")
    for name in [*names, *(one.name for one in sdk.agents_of(agent))]:
        _require_short("name", f"Agent {entry.slug!r}: the name", name)
    _require_purpose(entry, agent, names)
    catalog.declare(
        AgentCard(
            slug=entry.slug,
            title=entry.title,
            queue=entry.queue,
            version=entry.version,
            description=entry.description,
            review_output=entry.review_output,
            max_rejections=entry.max_rejections,
            scripted=llm.plays_script(agent),
            sample_input=entry.sample_input,
            tools=names,
            ungated=tuple(sorted(entry.ungated)),
            owners=entry.owners,
            review=tuple(rule.to_dict() for rule in entry.rules),
        )
    )


def _require_names(slug: str, queue: str, version: str) -> None:
    if not SLUG.fullmatch(queue):
        raise ImproperlyConfigured(f"Agent {slug!r}: queue {queue!r} must be lowercase letters, digits and dashes.")
    if not SLUG.fullmatch(slug):
        raise ImproperlyConfigured(f"Agent slug {slug!r} must be lowercase letters, digits and dashes.")
    if not isinstance(version, str) or not version.strip() or UNSTORABLE.search(version):
        raise ImproperlyConfigured(f"Agent {slug!r}: version {version!r} must be a text.")
    _require_short("slug", "Agent slug", slug)
    _require_short("queue", f"Agent {slug!r}: queue", queue)
    _require_short("version", f"Agent {slug!r}: version", version)


def _require_short(sort: str, what: str, name: str) -> None:
    if len(name) > LONGEST[sort]:
        raise ImproperlyConfigured(f"{what} {name!r} has {len(name)} characters; at most {LONGEST[sort]} can be kept.")


def _built(entry: Entry) -> Agent[Any]:
    try:
        agent = entry.build()
        if not isinstance(agent, Agent):
            raise TypeError(f"{_origin(entry.build)}() returned {agent!r}, which is no Agent.")
        sdk.gated(agent, entry.ungated)
    except Exception as error:
        raise ImproperlyConfigured(f"Agent {entry.slug!r} cannot be built: {error}") from error
    return agent


def _require_purpose(entry: Entry, agent: Agent[Any], names: Collection[str]) -> None:
    """A rule that no tool or agent answers to would silently guard nothing. MCP tools are known only later."""
    agents = sdk.agents_of(agent)
    names = {*names, *(("*",) if any(one.mcp_servers for one in agents) or "hosted_mcp" in names else ())}
    for rule in entry.rules:
        if rule.kind == Kind.FINAL_OUTPUT:
            if not entry.review_output:
                text = f"Agent {entry.slug!r} has a rule for its final output; register it with review_output=True."
                raise ImproperlyConfigured(text)
        elif "*" not in names and not any(fnmatchcase(name, rule.tool) for name in names):
            raise ImproperlyConfigured(f"Agent {entry.slug!r} has a rule for {rule.tool!r} but no such tool.")
        if not any(fnmatchcase(one.name, rule.agent) for one in agents):
            raise ImproperlyConfigured(f"Agent {entry.slug!r} has a rule for the agent {rule.agent!r}, which it lacks.")


def _origin(build: Build) -> str:
    return f"{build.__module__}.{build.__qualname__}"
