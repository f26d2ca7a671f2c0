"""Decisions that come too late: nothing of them takes effect, and nothing of them is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from reviews import audit
from reviews.actions import questions
from reviews.actions.errors import Late
from reviews.actions.text import is_deep, storable
from reviews.actions.verdicts import DEEPEST, MAX_JSON, MAX_TEXT
from reviews.actors import Actor
from reviews.audit import Act

P = ParamSpec("P")
R = TypeVar("R")


def told(verb: Callable[Concatenate[UUID, P], R]) -> Callable[Concatenate[UUID, P], R]:
    """Have the book keep what somebody tried who came too late; they get their Conflict all the same."""

    @wraps(verb)
    def deciding(intervention_id: UUID, /, *args: P.args, **said: P.kwargs) -> R:
        try:
            return verb(intervention_id, *args, **said)
        except Late as late:
            by = said.pop("by")
            assert isinstance(by, User)
            _tell(intervention_id, by, {key: value for key, value in said.items() if value not in ("", None)}, late)
            raise

    return deciding


@transaction.atomic
def _tell(intervention_id: UUID, by: User, said: dict[str, object], late: Late) -> None:
    run, intervention = questions.locked(intervention_id)
    tried = {key: _kept(value) for key, value in said.items()}
    data = {"tried": tried, "status": intervention.status, "outcome": intervention.outcome, "why": str(late)}
    audit.record(Act("decision.late", Actor.of(by), run, intervention, data))


def _kept(value: object) -> object:
    """As it was given, within the bounds that hold for a verdict in time."""
    if is_deep(value, DEEPEST):
        return "(nested too deeply)"
    kept = storable(value)
    if isinstance(kept, dict | list) and len(json.dumps(kept)) > MAX_JSON:
        return "(too long)"
    return kept[:MAX_TEXT] if isinstance(kept, str) else kept
