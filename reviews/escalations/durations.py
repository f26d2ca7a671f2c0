"""Times as people write them."""

from __future__ import annotations

import re
from typing import Any

HOUR, DAY = 3600, 86_400
WRITTEN = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(s|sec|m|min|h|hours?|d|days?)\s*$")
UNITS = {
    "s": 1,
    "sec": 1,
    "m": 60,
    "min": 60,
    "h": HOUR,
    "hour": HOUR,
    "hours": HOUR,
    "d": DAY,
    "day": DAY,
    "days": DAY,
}
LONGEST = 360 * DAY


def duration(value: Any) -> int:
    """Seconds, from a number of them or from a text such as ``90 min``, ``4h`` or ``2 days``. Raises ValueError."""
    match = WRITTEN.match(value) if isinstance(value, str) else None
    seconds = float(match[1]) * UNITS[match[2]] if match else value
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds <= LONGEST:
        raise ValueError("write seconds, or a time such as 30 min, 4h or 2 days, of at most a year")
    return max(1, int(seconds))
