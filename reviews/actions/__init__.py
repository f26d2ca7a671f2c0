"""The verbs: the only code that changes rows. Called through their modules, ``runs.park(…)``."""

from reviews.actions.errors import Conflict, Invalid, LeaseLost

__all__ = ["Conflict", "Invalid", "LeaseLost"]
