"""What an escalation policy says: by when, who is asked on the way, and what happens if nobody answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reviews.escalations.final import ALLOWED, Final
from reviews.states import Risk

CONDITIONS = {"undecided": "", "unclaimed": "if nobody has claimed it", "short_of_quorum": "if approvals are missing"}
DEFAULT_TO = {"remind": ("holder",), "escalate": ("managers",)}


@dataclass(frozen=True)
class Step:
    """One thing that is done ``at`` seconds of the policy's clock, or ``percent`` of its time to answer."""

    do: str
    at: int | None = None
    percent: int | None = None
    only_if: str = "undecided"
    to: tuple[str, ...] = ()
    level: int | None = None

    def offset(self, respond_within: int) -> int:
        """Seconds of the policy's clock from the opening of the question."""
        return self.at if self.at is not None else respond_within * (self.percent or 0) // 100

    def snapshot(self) -> dict[str, Any]:
        """As it is written, without what was left out."""
        said: dict[str, Any] = {"at": f"{self.percent}%" if self.at is None else self.at, "do": self.do}
        if self.only_if != "undecided":
            said["only_if"] = self.only_if
        if self.to and self.to != DEFAULT_TO.get(self.do):
            said["to"] = list(self.to)
        return said | ({"level": self.level} if self.level else {})

    def __str__(self) -> str:
        whom = ", ".join(target.replace(":", " ") for target in self.to)
        told = {
            "remind": f"remind {'whoever holds it' if whom == 'holder' else whom}",
            "notify": f"notify {whom}",
            "add_reviewers": f"add {whom}",
            "reassign": f"hand it to one of {whom}",
            "raise_priority": "raise its priority",
            "escalate": f"escalate to level {self.level} ({whom})",
            "webhook": "send a webhook",
        }[self.do]
        return f"{CONDITIONS[self.only_if]} {told}".strip()


@dataclass(frozen=True)
class Escalation:
    """A policy of time: by when, who is asked on the way, and what happens at the end."""

    clock: str
    respond_within: int
    expires_after: int | None
    steps: tuple[Step, ...] = ()
    repeat: int = 0
    repeat_from: int = 1
    final: Final = Final()
    calendar: str = ""
    claim_pauses: bool = False

    def snapshot(self) -> dict[str, Any]:
        """What `read` takes, as JSON."""
        return {
            "clock": self.clock,
            "calendar": self.calendar,
            "respond_within": self.respond_within,
            "expires_after": self.expires_after,
            "steps": [step.snapshot() for step in self.steps],
            "repeat": self.repeat,
            "repeat_from": self.repeat_from,
            "final": self.final.snapshot(),
            "claim_pauses": self.claim_pauses,
        }

    @property
    def period(self) -> int:
        """Seconds of the policy's clock from one loop to the next: as long as the loop took the first time."""
        first = self.repeat_from - 1
        if not first < len(self.steps):
            return 0
        before = self.steps[first - 1].offset(self.respond_within) if first else 0
        return self.steps[-1].offset(self.respond_within) - before

    def offsets(self) -> list[tuple[int, int, int]]:
        """Each step's number (from 1), its repetition (from 0) and its seconds on the policy's clock."""
        at = [step.offset(self.respond_within) for step in self.steps]
        loops = [
            (again, number) for again in range(1, self.repeat + 1) for number in range(self.repeat_from, len(at) + 1)
        ]
        once = [(0, number) for number in range(1, len(at) + 1)]
        return [(number, again, at[number - 1] + again * self.period) for again, number in once + loops]

    def final_for(self, risk: int) -> Final:
        """The end it comes to for an item of that risk; what is not allowed there becomes a rejection."""
        if self.final.do in ALLOWED.get(risk, ALLOWED[Risk.CRITICAL]):
            return self.final
        return Final("reject")
