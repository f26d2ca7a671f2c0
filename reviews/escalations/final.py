"""What happens by itself where nobody has decided when the time is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reviews.states import Risk

FINALS = ("reject", "continue_with_default", "fail_run", "keep_waiting", "approve")
ALLOWED: dict[int, frozenset[str]] = {
    Risk.LOW: frozenset(FINALS),
    Risk.MEDIUM: frozenset(FINALS) - {"approve"},
    Risk.HIGH: frozenset({"reject", "fail_run", "keep_waiting"}),
    Risk.CRITICAL: frozenset({"reject", "fail_run", "keep_waiting"}),
}
"""What may happen by itself at the end, by risk."""


@dataclass(frozen=True)
class Final:
    """The end of a policy of time."""

    do: str = "reject"
    message: str = ""
    value: Any = None

    def snapshot(self) -> dict[str, Any]:
        """As it is written."""
        said: dict[str, Any] = {"do": self.do}
        if self.do == "reject":
            said["message"] = self.message
        return said | ({"value": self.value} if self.do == "continue_with_default" else {})

    def __str__(self) -> str:
        return {
            "reject": "rejected with a message",
            "continue_with_default": "the agent goes on with a default",
            "fail_run": "the run fails",
            "keep_waiting": "it goes on waiting, marked as overdue",
            "approve": "approved by time-out",
        }[self.do]
