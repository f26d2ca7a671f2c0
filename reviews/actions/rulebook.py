"""The policies that are in force, read once per process and again when they have changed."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Group
from django.db.models import Exists, Q

from reviews.models import PolicyMark, ReviewPolicy, Run
from reviews.policies import Case, Judgement, Policy, Rule, judge_by, lighter, with_trial
from reviews.states import PolicyStatus, Ruling

logger = logging.getLogger(__name__)


class Outdated(Exception):
    """What was judged by has changed: these policies are in force no more, or what a question depends on is another."""


@dataclass(frozen=True)
class Shadow:
    """What a policy in shadow would have said about a call: another ruling, or asked but ``lighter``."""

    policy_id: int
    judgement: Judgement
    lighter: str = ""


@dataclass(frozen=True)
class Rulebook:
    """What this process judges by: the policies in force, those on trial, and the agents' defaults that are known."""

    token: UUID | None
    active: tuple[Policy, ...]
    trials: tuple[tuple[int, Policy], ...]
    known: frozenset[tuple[str, str]]

    @property
    def slugs(self) -> set[str]:
        """The agents whose code has been met."""
        return {slug for slug, _ in self.known}

    def knows(self, agent: str, rules: Sequence[Rule]) -> bool:
        """Whether what this agent's code says has been met before, so that there is nothing to make or propose."""
        return (agent, digest_of_rules(tuple(rules))) in self.known or not (rules or agent in self.slugs)

    def judge(self, case: Case, *, agent: str, author_asks: bool) -> Judgement:
        """What the policies in force say about a call of a run of that registered agent."""
        return judge_by(self.active, case, agent=agent, author_asks=author_asks)

    def shadows(self, case: Case, said: Judgement, *, agent: str, author_asks: bool) -> tuple[Shadow, ...]:
        """What each policy on trial would have changed, were it in force.

        All of them together have the time of one judgement; what they would say once it is over tells nothing.
        """
        found, tried = [], case.anew()
        for policy_id, trial in self.trials:
            would = judge_by(with_trial(self.active, trial), tried, agent=agent, author_asks=author_asks)
            if tried.is_exhausted():
                break
            less = lighter(vars(said), vars(would), case.queue) if would.ruling == said.ruling == Ruling.ASKED else ""
            if less or would.ruling != said.ruling:
                found.append(Shadow(policy_id, would, less))
        return tuple(found)


class _Shelf:
    """The book of this process."""

    def __init__(self) -> None:
        self.book: Rulebook | None = None
        self.changing = threading.Lock()


_shelf = _Shelf()


def remembered() -> Rulebook:
    """The policies as this process knows them: whoever acts by them makes sure in that statement that they `hold`."""
    book = _shelf.book
    return current() if book is None or book.token is None else book


def hold(token: UUID | None) -> Q:
    """A condition for any query: the policies of that token are those in force. True of a book that was just read."""
    return Q(Exists(PolicyMark.objects.filter(token=token))) if token else Q()


def require_holding(token: UUID | None) -> None:
    """Raises Outdated where others are in force by now."""
    if token and not PolicyMark.objects.filter(token=token).exists():
        raise Outdated("The policies have changed since these calls were judged.")


def current() -> Rulebook:
    """The policies as they are now: one statement where nothing has changed since the last time."""
    token = PolicyMark.objects.values_list("token", flat=True).first()
    book = _shelf.book
    if book is not None and token is not None and book.token == token:
        return book
    book = _read(token)
    with _shelf.changing:
        _shelf.book = book
    return book


def remember(agent: str, rules: Sequence[Rule]) -> Rulebook:
    """The policies as they are now, in which this agent's code counts as met until they change again."""
    book = current()
    book = replace(book, known=book.known | {(agent, digest_of_rules(tuple(rules)))})
    with _shelf.changing:
        _shelf.book = book
    return book


def digest_of_rules(rules: tuple[Rule, ...]) -> str:
    """SHA-256 of what an agent's code says."""
    text = json.dumps([rule.to_dict() for rule in rules], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def facts_of(run: Run) -> dict[str, Any]:
    """What rules may ask about a run."""
    return {"agent": run.agent, "version": run.agent_version, "queue": run.queue.slug, "input": run.input}


def requester_of(run: Run) -> Mapping[str, Any]:
    """What rules may ask about who started a run; nothing is known where that was the system."""
    if run.started_by is None:
        return {}
    groups = Group.objects.filter(user=run.started_by).order_by("name").values_list("name", flat=True)
    return {"username": run.started_by.get_username(), "groups": list(groups)}


def _read(token: UUID | None) -> Rulebook:
    rows = list(ReviewPolicy.objects.judging())
    known = ReviewPolicy.objects.exclude(code="").values_list("slug", "code")
    read = [(row, row.read()) for row in rows]
    for row, policy in read:
        if policy.unreadable:
            logger.error("the policy %s cannot be used, so a person is asked: %s", row, policy.unreadable)
    return Rulebook(
        token=token,
        active=tuple(policy for row, policy in read if row.status == PolicyStatus.ACTIVE),
        trials=tuple((row.pk, policy) for row, policy in read if row.status == PolicyStatus.SHADOW),
        known=frozenset(known),
    )
