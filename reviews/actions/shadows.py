"""What the policies on trial would have said, kept beside what was said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from reviews import access, audit
from reviews.actions.rulebook import Shadow
from reviews.actors import CLOCK
from reviews.audit import Act
from reviews.models import New, ReviewPolicy, ShadowRuling, ToolCall
from reviews.states import Ruling

LONGEST = 500
LISTED = 20
NEWEST = 1000
ROUND = 2000
"""Rulings that one round removes."""


@dataclass(frozen=True)
class Tally:
    """How often a policy on trial would have changed what the gate said, as far back as that is kept.

    ``lighter`` counts calls that it would have asked about as well, but more lightly or in another queue.
    """

    asked: int = 0
    let_through: int = 0
    refused: int = 0
    lighter: int = 0

    @property
    def changes(self) -> int:
        """All of them."""
        return self.asked + self.let_through + self.refused + self.lighter


@dataclass(frozen=True)
class Judged:
    """How many calls a policy judged in its trial; where they are not ``all_seen``, at least so many."""

    calls: int = 0
    all_seen: bool = True


def rulings(call: ToolCall, shadows: Iterable[Shadow]) -> list[New]:
    """What would have been said about a call that has just come to the gate, for the caller to store with it."""
    now = timezone.now()
    return [
        New(
            ShadowRuling(
                policy_id=shadow.policy_id,
                tool_call=call,
                ruling=shadow.judgement.ruling,
                rule=shadow.judgement.rule[:LONGEST],
                seen=shadow.judgement.seen,
                lighter=shadow.lighter[:LONGEST],
                at=now,
            )
        )
        for shadow in shadows
    ]


def tally(policy: ReviewPolicy) -> Tally:
    """How often it would have said something else than the policies in force, by what."""
    return Tally(**ShadowRuling.objects.filter(policy=policy).aggregate(**_counts()))


def newest(policy: ReviewPolicy, *, by: User) -> list[ShadowRuling]:
    """The newest calls about which it would have ruled otherwise, of runs that this person may read."""
    rows = ShadowRuling.objects.filter(policy=policy, tool_call__run__in=access.visible_runs(by))
    return list(rows.select_related("tool_call").order_by("-pk")[:LISTED])


def tallies(policies: Iterable[ReviewPolicy]) -> dict[int, Tally]:
    """The same for several policies, by key: one statement, or none where there are none."""
    wanted = {policy.pk: Tally() for policy in policies}
    if not wanted:
        return {}
    said = ShadowRuling.objects.filter(policy__in=wanted).order_by().values("policy_id").annotate(**_counts())
    names = list(_counts())
    for policy_id, *counts in said.values_list("policy_id", *names):
        wanted[policy_id] = Tally(**dict(zip(names, counts, strict=True)))
    return wanted


def judged(policies: Iterable[ReviewPolicy]) -> dict[int, Judged]:
    """How many calls each judged while it was on trial, by key: one statement, which looks at the newest calls only."""
    wanted = [policy for policy in policies if policy.shadowed_at]
    if not wanted:
        return {}
    newest = ToolCall.objects.filter(run__dry_run=False).order_by("-pk").values_list("created_at", "run__agent")
    calls = list(newest[:NEWEST])
    return {policy.pk: _judged(policy, calls) for policy in wanted}


def _judged(policy: ReviewPolicy, calls: list[tuple[datetime, str]]) -> Judged:
    began, ended = policy.shadowed_at, policy.activated_at or policy.retired_at
    assert began is not None
    during = [agent for at, agent in calls if at >= began and (ended is None or at < ended)]
    all_seen = len(calls) < NEWEST or calls[-1][0] < began
    return Judged(sum(fnmatchcase(agent, policy.agent) for agent in during), all_seen)


@transaction.atomic
def prune(*, days: int) -> int:
    """Remove what would have been said so many days ago, at most a round's; returns how many."""
    before = timezone.now() - timedelta(days=days)
    oldest = list(ShadowRuling.objects.order_by("pk").values_list("pk", "at")[:ROUND])  # in the order of their making
    removed, _ = ShadowRuling.objects.filter(pk__in=[pk for pk, at in oldest if at < before]).delete()
    if removed:
        audit.record(Act("shadow_rulings.pruned", CLOCK, data={"rulings": removed, "days": days, "before": before}))
    return removed


def _counts() -> dict[str, Count]:
    counts = {ruling.value: Count("pk", filter=Q(ruling=ruling, lighter="")) for ruling in Ruling}
    return counts | {"lighter": Count("pk", filter=~Q(lighter=""))}
