"""One line of the book, before it is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from reviews.actors import Actor
from reviews.models import Intervention, Run


@dataclass(frozen=True)
class Act:
    """One thing done by one actor; the action is written ``noun.verb``."""

    action: str
    by: Actor
    run: Run | None = None
    intervention: Intervention | None = None
    data: dict[str, Any] = field(default_factory=dict)
