"""What a back-test found, as pages name it."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User

from reviews import access
from reviews.actions.backtest import ASKED, CHANGES, LET_THROUGH, LIGHTER, REFUSED, RELEASED
from reviews.actions.tested import Tested
from reviews.models import ToolCall
from reviews.web import texts

TITLES = {
    RELEASED: "Would pass, though a person had rejected it",
    LIGHTER: "Still asked, but more lightly or elsewhere",
    REFUSED: "Newly refused",
    ASKED: "Newly asked about",
    LET_THROUGH: "Newly let through",
}
NOTHING = {
    RELEASED: "No call that a person had rejected would pass.",
    LIGHTER: "Nothing is asked more lightly or in another queue.",
    REFUSED: "Nothing is newly refused.",
    ASKED: "Nobody is newly asked.",
    LET_THROUGH: "Nothing else is newly let through.",
}
TONES = {RELEASED: "bad", LIGHTER: "wait"}
NAMED = 5


@dataclass(frozen=True)
class Figure:
    """One number of a back-test."""

    title: str
    count: int
    tone: str = ""


def figures_of(tested: Tested) -> list[Figure]:
    """The numbers of the last back-test; none where there was none."""
    if (last := tested.last) is None:
        return []
    counts = [(change, int(last.changes.get(change, 0))) for change in CHANGES]
    asked = [Figure("A person was asked", last.asked_before), Figure("A person would be asked", last.asked_after)]
    return asked + [Figure(TITLES[change], count, TONES.get(change, "") if count else "") for change, count in counts]


def released(tested: Tested, user: User) -> list[ToolCall]:
    """Some of the calls that would pass though a person had rejected them, of runs that this person may read."""
    if not tested.rejected or tested.gravest is None:
        return []
    rows = ToolCall.objects.filter(pk__in=tested.gravest.released, run__in=access.visible_runs(user))
    calls = list(rows.order_by("-pk").only("run_id", "tool", "proposed")[:NAMED])
    for call in calls:
        call.said = texts.written(call.proposed)[:200]  # type: ignore[attr-defined]  # for the template
    return calls
