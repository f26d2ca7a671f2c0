"""The default policy of time for a rule that names its own due time."""

from __future__ import annotations

from dataclasses import replace

from reviews.escalations.defaults import DEFAULTS
from reviews.escalations.policy import Escalation
from reviews.states import Risk


def default_for(risk: int, due_in: int | None = None) -> Escalation:
    """The policy of that risk; a rule that names its own ``due_in`` seconds means them by the wall clock."""
    found = DEFAULTS.get(risk, DEFAULTS[Risk.CRITICAL])
    if due_in is None or due_in == found.respond_within:
        return found
    percents = {step: round(100 * step.offset(found.respond_within) / found.respond_within) for step in found.steps}
    steps = tuple(replace(step, at=None, percent=percents[step]) for step in found.steps)  # the same shape, stretched
    expires = max(found.expires_after or 0, 2 * due_in)
    return replace(found, clock="wall", respond_within=due_in, expires_after=expires, steps=steps)
