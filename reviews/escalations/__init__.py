"""Pure rules of time: policies of escalation, read and checked, and the dates that follow from them."""

from reviews.escalations.defaults import DEFAULTS
from reviews.escalations.durations import duration
from reviews.escalations.errors import BadEscalation
from reviews.escalations.final import ALLOWED, FINALS, Final
from reviews.escalations.policy import Escalation, Step
from reviews.escalations.reading import read
from reviews.escalations.steps import ADDRESSED
from reviews.escalations.stretched import default_for, with_room
from reviews.escalations.timetable import DUE, EXPIRE, STEP, Dated, clock_of, plan
from reviews.escalations.warnings import friday_evening, warnings

__all__ = [
    "ADDRESSED",
    "ALLOWED",
    "DEFAULTS",
    "DUE",
    "EXPIRE",
    "FINALS",
    "STEP",
    "BadEscalation",
    "Dated",
    "Escalation",
    "Final",
    "Step",
    "clock_of",
    "default_for",
    "duration",
    "friday_evening",
    "plan",
    "read",
    "warnings",
    "with_room",
]
