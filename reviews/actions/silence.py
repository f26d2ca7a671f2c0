"""Silence approves only where two people want it: one writes it, another enables it."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

from reviews import access, audit
from reviews.actions.errors import Conflict
from reviews.actors import Actor, name_of
from reviews.audit import Act
from reviews.models import EscalationPolicy

OWN_WORDS = "You wrote this version, so somebody else has to enable that silence approves."
NOBODYS_WORDS = "Nobody is known to have written this version, so there is no first person; write the next one."


@transaction.atomic
def enable(policy_id: int, *, by: User) -> EscalationPolicy:
    """Let silence approve, as the second person; until then the version rejects. Raises Conflict, PermissionDenied."""
    access.require_policy_writer(by)
    row = EscalationPolicy.objects.select_for_update(no_key=True).filter(pk=policy_id).first()
    if row is None:
        raise PermissionDenied(f"There is no policy of time {policy_id} that you may change.")
    if why_not := may_not_enable(row, by):
        raise Conflict(why_not)
    row.enabled_by = by
    row.save(update_fields=["enabled_by"])
    audit.record(Act("time_limits.enabled", Actor.of(by), data={"policy": row.slug, "version": row.version}))
    return row


def may_not_enable(row: EscalationPolicy, user: User) -> str:
    """Why this person may not enable that silence approves; empty where they may."""
    if not access.writes_policies(user):
        return "Only managers and admins change policies."
    if row.read().final.do != "approve":
        return "Silence does not approve here."
    if row.enabled_by is not None:
        return f"{name_of(row.enabled_by)} has enabled it already."
    if row.written_by_id is None:
        return NOBODYS_WORDS
    return OWN_WORDS if row.written_by_id == user.pk else ""
