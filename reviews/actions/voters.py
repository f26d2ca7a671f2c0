"""Who has to do with a question already: who voted on it, who decided before it, who owns the agent."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from reviews import catalog
from reviews.models import Decision, Intervention, Membership, Run

REQUESTER, AGENT_OWNER, EARLIER_VOTERS = "requester", "agent_owner", "earlier_voters"
"""Whom a policy may keep from deciding, by its key ``not_by``."""
DEEPEST = 20
"""Forks of forks that are followed back to find who decided earlier."""


def votes(intervention: Intervention) -> QuerySet[Decision]:
    """The votes of the round that is open, or was the last."""
    return Decision.objects.filter(intervention=intervention, round=intervention.round)


def has_voted(user: User | AnonymousUser, intervention: Intervention) -> bool:
    """Whether a vote of theirs counts in this round; reads nothing before the first vote."""
    return bool(intervention.votes) and votes(intervention).filter(decided_by=user.pk).exists()


def requesters(run: Run) -> frozenset[int]:
    """Who started the run, or any run that it repeats or goes on from: a statement for each step back, and once.

    All the way back, for whoever retries or forks a run does not take the request over.
    """
    known: frozenset[int] | None = run.__dict__.get("_requesters")
    if known is None:  # where a run comes from never changes
        people, parents = {run.started_by_id}, [run.retry_of_id, run.fork_of_id]
        while before := [parent for parent in parents if parent]:
            rows = list(Run.objects.filter(pk__in=before).values_list("started_by", "retry_of", "fork_of"))
            people |= {starter for starter, *_ in rows}
            parents = [parent for _, *both in rows for parent in both]
        known = run.__dict__["_requesters"] = frozenset(person for person in people if person is not None)
    return known


def owners(intervention: Intervention) -> tuple[str, ...]:
    """The user names of the agent's owners when its policy was frozen; where none was, those of its registration."""
    return tuple(intervention.policy.get("owners") or ()) or _registered_owners(intervention.run.agent)


def frozen_owners(agent: str, not_by: Iterable[str]) -> dict[str, list[str]]:
    """What a policy that keeps the agent's owners from deciding has to remember: who they are when it is frozen."""
    names = _registered_owners(agent) if AGENT_OWNER in not_by else ()
    return {"owners": list(names)} if names else {}


def earlier_votes(intervention: Intervention) -> QuerySet[Decision]:
    """The votes that count as earlier on the same chain of calls.

    Those on every question that was asked before this one at another gate of the run, or of a run it was forked from,
    and on an earlier question about the same call. Questions of one gate stand beside, not before each other; votes
    that an edit voided do not count; a retry begins a new chain.
    """
    asked_of = Q(intervention__run__in=_lineage(intervention.run), intervention__created_at__lt=intervention.created_at)
    beside = Q(intervention__checkpoint=intervention.checkpoint_id)
    if intervention.tool_call_id:
        beside &= ~Q(intervention__tool_call=intervention.tool_call_id)
    counted = Q(round=F("intervention__round"))
    return Decision.objects.filter(asked_of, counted).exclude(beside)


def members_of(groups: tuple[str, ...]) -> QuerySet[User]:
    """Who is in one of these groups of accounts, or holds a seat in a queue of that name."""
    seats = Membership.objects.filter(user=OuterRef("pk"), queue__slug__in=groups)
    named = User.groups.through.objects.filter(user=OuterRef("pk"), group__name__in=groups)
    return User.objects.filter(Exists(seats) | Exists(named))


def _registered_owners(agent: str) -> tuple[str, ...]:
    """Nobody where it is not registered any more."""
    try:
        return catalog.get(agent).owners
    except catalog.UnknownAgent:
        return ()


def _lineage(run: Run) -> list[object]:
    """The run, and the runs from whose middle it goes on."""
    found: list[object] = [run.pk]
    while run.fork_of_id and len(found) <= DEEPEST:
        run = Run.objects.only("fork_of").get(pk=run.fork_of_id)
        found.append(run.pk)
    return found
