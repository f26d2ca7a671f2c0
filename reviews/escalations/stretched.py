"""The default policies of time, fitted: to a rule that names its own due time, and to closed days."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime

from reviews.businesstime import Calendar
from reviews.escalations.defaults import DEFAULTS
from reviews.escalations.durations import HOUR
from reviews.escalations.policy import Escalation
from reviews.escalations.timetable import clock_of
from reviews.states import Risk

ROOM = 4 * HOUR
"""Open time from when an answer is due to when a default policy ends, at least."""


def default_for(risk: int, due_in: int | None = None) -> Escalation:
    """The policy of that risk; a rule that names its own ``due_in`` seconds means them by the wall clock."""
    found = DEFAULTS.get(risk, DEFAULTS[Risk.CRITICAL])
    if due_in is None or due_in == found.respond_within:
        return found
    percents = {step: round(100 * step.offset(found.respond_within) / found.respond_within) for step in found.steps}
    steps = tuple(replace(step, at=None, percent=percents[step]) for step in found.steps)  # the same shape, stretched
    expires = max(found.expires_after or 0, 2 * due_in)
    return replace(found, clock="wall", respond_within=due_in, expires_after=expires, steps=steps)


def with_room(said: Escalation, calendar: Calendar | None, created: datetime) -> Escalation:
    """The policy, ending later where closed days would eat the time to answer, or to be called in once that is over."""
    if said.clock == "wall" or said.expires_after is None:
        return said
    least = clock_of(said, calendar).add(created, said.respond_within + ROOM) - created
    return replace(said, expires_after=max(said.expires_after, math.ceil(least.total_seconds())))
