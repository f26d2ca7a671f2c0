"""The figures of back-tests that are kept, so that who puts a version in force reads them first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reviews import audit
from reviews.actors import Actor
from reviews.audit import Act
from reviews.models import BackTest, ReviewPolicy

NONE = "none"
"""What stands for no back-test where it is said what was read."""


@dataclass(frozen=True)
class Tested:
    """What is known of what a version says now: its last back-test, and the one that found most rejected calls."""

    last: BackTest | None = None
    gravest: BackTest | None = None

    @property
    def mark(self) -> str:
        """What a person has read who has read this."""
        return str(self.last.pk) if self.last else NONE

    @property
    def rejected(self) -> int:
        """So many calls would pass although a person had rejected them."""
        return self.gravest.rejected if self.gravest else 0

    @property
    def doubt(self) -> str:
        """What somebody has to say that they know before it comes into force; empty where there is nothing."""
        if self.last is None:
            return "that no back-test of this was run"
        if self.rejected:
            calls = "1 call" if self.rejected == 1 else f"{self.rejected:,} calls"
            return f"that {calls} would pass although a person had rejected {'it' if self.rejected == 1 else 'them'}"
        return "" if self.last.calls else "that the back-test found no call to judge"


def of(policy: ReviewPolicy) -> Tested:
    """The back-tests of exactly what the version says; none of what a draft said before it was changed."""
    rows = BackTest.objects.filter(policy=policy, digest=policy.digest).select_related("run_by")
    return Tested(rows.order_by("-pk").first(), rows.order_by("-rejected", "-pk").first())


def keep(found: BackTest) -> None:
    """Store what a back-test found, and sign it. Part of a transaction."""
    found.save(force_insert=True)
    policy = found.policy
    data = {"policy": policy.slug, "version": policy.version, "digest": found.digest, **figures(found)}
    audit.record(Act("policy.back_tested", Actor.of(found.run_by), data=data))


def figures(found: BackTest) -> dict[str, Any]:
    """What the book keeps of it."""
    return {"days": found.days, "calls": found.calls, "changes": found.changes, "is_whole": found.is_whole}
