"""The policies of time that hold where none is named, by risk."""

from __future__ import annotations

from typing import Any

from reviews.escalations.durations import DAY, HOUR
from reviews.escalations.policy import Escalation
from reviews.escalations.reading import read
from reviews.states import Risk


def _default(
    clock: str, within: int, expires: int, final: str, steps: list[tuple[int, str, dict[str, Any]]]
) -> Escalation:
    body = [{"at": at if at > 100 else f"{at}%", "do": do, **more} for at, do, more in steps]
    said = {"clock": clock, "respond_within": within, "expires_after": expires, "steps": body, "final": {"do": final}}
    return read(said)


UNCLAIMED = {"only_if": "unclaimed"}
DEFAULTS: dict[int, Escalation] = {
    Risk.LOW: _default("business", 8 * HOUR, 4 * DAY, "reject", [(75, "remind", {})]),
    Risk.MEDIUM: _default(
        "business",
        4 * HOUR,
        3 * DAY,
        "reject",
        [
            (50, "remind", {}),
            (50, "notify", {"to": "reviewers", **UNCLAIMED}),
            (90, "remind", {}),
            (100, "escalate", {"level": 2}),
        ],
    ),
    Risk.HIGH: _default(
        "wall",
        HOUR,
        DAY,
        "reject",
        [
            (25, "add_reviewers", {"to": "managers", **UNCLAIMED}),
            (50, "remind", {}),
            (80, "remind", {}),
            (100, "escalate", {"level": 2}),
            (90 * 60, "escalate", {"level": 3, "to": ["managers", "group:admin"]}),
        ],
    ),
    Risk.CRITICAL: _default(
        "wall",
        15 * 60,
        4 * HOUR,
        "fail_run",
        [
            (5 * 60, "remind", {}),
            (5 * 60, "notify", {"to": ["reviewers", "managers"], **UNCLAIMED}),
            (10 * 60, "remind", {}),
            (15 * 60, "escalate", {"level": 2}),
            (25 * 60, "escalate", {"level": 3, "to": ["managers", "group:admin"]}),
        ],
    ),
}
"""What holds where no policy of time is named. The hard end of low and medium leaves room for a weekend."""
