"""The dates that follow from a policy of time: for the editor's preview, and for the rows made with an item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from reviews.businesstime import OFFICE, WALL, Calendar, Clock
from reviews.escalations.policy import Escalation
from reviews.escalations.reading import read

STEP, DUE, EXPIRE = "step", "due", "expire"
ORDER = {STEP: 0, DUE: 1, EXPIRE: 2}


@dataclass(frozen=True)
class Dated:
    """One moment of a plan. What comes when the time is over is ``lost``: it never happens."""

    kind: str
    at: datetime
    what: str
    step_no: int = 0
    repeat_no: int = 0
    lost: bool = False


def clock_of(escalation: Escalation, calendar: Calendar | None) -> Clock:
    """The clock the policy counts on."""
    return WALL if escalation.clock == "wall" else calendar or OFFICE


def plan(
    body: Escalation | Mapping[str, Any], calendar: Calendar | None, created: datetime, risk: int | None = None
) -> list[Dated]:
    """Every moment of an item opened at ``created``, in order and in UTC. Raises BadEscalation."""
    escalation = body if isinstance(body, Escalation) else read(body)
    clock, final = clock_of(escalation, calendar), escalation.final if risk is None else escalation.final_for(risk)
    over = created.astimezone(UTC) + timedelta(seconds=escalation.expires_after) if escalation.expires_after else None
    offsets = escalation.offsets()
    moments = clock.add_each(created, {escalation.respond_within, *(seconds for _, _, seconds in offsets)})
    found = [Dated(DUE, moments[escalation.respond_within], "the answer is due")]
    for number, again, seconds in offsets:
        found.append(Dated(STEP, moments[seconds], str(escalation.steps[number - 1]), number, again))
    kept = [Dated(**{**vars(one), "lost": over is not None and one.at >= over}) for one in found]
    if over is not None:
        kept.append(Dated(EXPIRE, over, str(final)))
    return sorted(kept, key=lambda one: (one.at, ORDER[one.kind], one.repeat_no, one.step_no))
