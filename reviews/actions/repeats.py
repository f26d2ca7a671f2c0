"""The loop guard: how often the same was rejected in a run, and when nobody is asked for it any more."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.conf import settings
from django.db.models import Count

from reviews import catalog
from reviews.models import Decision, Intervention, Run
from reviews.models.intervention import InterventionQuerySet
from reviews.states import Outcome, Verdict

CODE = "repeated_proposal"
Same = tuple[str, str, str]
"""What makes two proposals the same: the agent, the tool, and the digest of the arguments."""


def counted(run: Run, asked: Collection[Same]) -> dict[Same, int]:
    """How often each was rejected in this run: one statement, and none where the run knows no rejection."""
    if not (run.rejections and asked):
        return {}
    rejected = run.interventions.filter(outcome=Outcome.REJECTED, digest__in={digest for _, _, digest in asked})
    rows = rejected.order_by().values_list("agent", "tool", "digest").annotate(count=Count("pk"))
    return {(agent, tool, digest): count for agent, tool, digest, count in rows}


def spent(counts: Mapping[Same, int], asked: Collection[Same], most: int | None) -> Same | None:
    """The first that was rejected so often that nobody is asked for it again; ``None`` leaves that to the setting."""
    limit = _limit(most)
    return next((same for same in asked if counts.get(same, 0) >= limit), None)


def is_last(question: Intervention) -> bool:
    """Whether one more rejection is the last: after it nobody is asked for the same again, and the run ends."""
    if not question.rejections:
        return False
    card = next((card for card in catalog.all_cards() if card.slug == question.run.agent), None)
    return question.rejections + 1 >= _limit(card.max_rejections if card else None)


def _limit(most: int | None) -> int:
    return int(getattr(settings, "FOUREYES_MAX_REJECTIONS", 3)) if most is None else most


def verdict_on(run: Run, same: Same, count: int) -> str:
    """Why the run ends here, in words for everybody who looks for its result."""
    agent, tool, digest = same
    twins = {"intervention__run": run, "intervention__agent": agent, "intervention__tool": tool}
    said = Decision.objects.deciding().filter(**twins, intervention__digest=digest, verdict=Verdict.REJECT)
    last = said.select_related("decided_by").last()
    what = f"the call of {tool} with the same arguments" if tool else "the same output"
    who = f", last by {last.decided_by.get_full_name() or last.decided_by.get_username()}" if last else ""
    words = f", who said: “{last.note}”" if last and last.note else ""
    return (
        f"{agent} proposed {what} for the {ordinal(count + 1)} time after it was rejected {times(count)}{who}{words}. "
        "Nobody is asked again; the run ends here by policy."
    )


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 11th."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def times(number: int) -> str:
    """Once, twice, 3 times."""
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def earlier(question: Intervention) -> InterventionQuerySet:
    """The questions of the same run that asked the same and were closed before this one was opened, oldest first."""
    same = Intervention.objects.filter(
        run_id=question.run_id, agent=question.agent, tool=question.tool, digest=question.digest
    )
    closed = same.filter(decided_at__lte=question.created_at).exclude(pk=question.pk)
    return closed.order_by("decided_at", "id")


def rejections(question: Intervention) -> list[Decision]:
    """Who rejected the same before in this run, oldest first; asks the database only where there is something."""
    if not question.rejections:
        return []
    said = Decision.objects.deciding().filter(intervention__in=earlier(question), verdict=Verdict.REJECT)
    return list(said.select_related("decided_by", "intervention").order_by("id"))
