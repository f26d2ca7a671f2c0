"""What the policies on trial would have said, kept beside what was said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Count, Q
from django.utils import timezone

from reviews import access
from reviews.actions.rulebook import Shadow
from reviews.models import New, ReviewPolicy, ShadowRuling, ToolCall
from reviews.states import Ruling

LONGEST = 500
LISTED = 20


@dataclass(frozen=True)
class Tally:
    """How often a policy on trial would have changed what the gate said, since its trial began."""

    asked: int
    let_through: int
    refused: int


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
                at=now,
            )
        )
        for shadow in shadows
    ]


def tally(policy: ReviewPolicy) -> Tally:
    """How often it would have asked, let through and refused where the policies in force said otherwise."""
    return Tally(**ShadowRuling.objects.filter(policy=policy).aggregate(**_counts()))


def newest(policy: ReviewPolicy, *, by: User) -> list[ShadowRuling]:
    """The newest calls about which it would have ruled otherwise, of runs that this person may read."""
    rows = ShadowRuling.objects.filter(policy=policy, tool_call__run__in=access.visible_runs(by))
    return list(rows.select_related("tool_call").order_by("-pk")[:LISTED])


def tallies(policies: Iterable[ReviewPolicy]) -> dict[int, Tally]:
    """The same for several policies, by key: one statement, or none where there are none."""
    wanted = {policy.pk: Tally(0, 0, 0) for policy in policies}
    if not wanted:
        return {}
    said = ShadowRuling.objects.filter(policy__in=wanted).order_by().values("policy_id").annotate(**_counts())
    names = [ruling.value for ruling in Ruling]
    for policy_id, *counts in said.values_list("policy_id", *names):
        wanted[policy_id] = Tally(**dict(zip(names, counts, strict=True)))
    return wanted


def _counts() -> dict[str, Count]:
    return {ruling.value: Count("pk", filter=Q(ruling=ruling)) for ruling in Ruling}
