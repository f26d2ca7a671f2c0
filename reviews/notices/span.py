"""How long one sender may take for one message, so that it is done, or has given up, before its lease ends."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from django.conf import settings


@dataclass(frozen=True)
class Span:
    """The time of one message, from the moment it was taken; shares of the lease that leave room for the database."""

    since: float = field(default_factory=time.monotonic)

    @property
    def too_late(self) -> bool:
        """Whether finding the way took so long that the message is better left to another round."""
        return time.monotonic() - self.since > 0.3 * settings.FOUREYES_NOTICE_LEASE

    @property
    def step(self) -> float:
        """Seconds for connecting, and for each silence of the other side."""
        return min(10.0, settings.FOUREYES_NOTICE_LEASE / 6)

    @property
    def act(self) -> float:
        """Seconds for all that is said and heard."""
        return 0.4 * float(settings.FOUREYES_NOTICE_LEASE)
