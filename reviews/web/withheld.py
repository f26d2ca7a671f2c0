"""What the audit log does not show to somebody who is still to vote on it without knowing the votes of others."""

from __future__ import annotations

import json
from functools import cached_property

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from reviews import access
from reviews.actors import ActorType
from reviews.models import AuditEntry

WHY = "withheld until you have voted, or the vote is settled"


class Blindfold:
    """One reader's: about which questions they are not told who did what. Their own acts they see."""

    def __init__(self, reader: User) -> None:
        self.reader = reader

    @cached_property
    def subjects(self) -> frozenset[str]:
        """Those questions, as entries name them: one statement, once something depends on it."""
        items = access.blind_to(self.reader).values_list("pk", flat=True)
        return frozenset(f"intervention:{pk}" for pk in items)

    def tied(self) -> Blindfold:
        """The same, which reads nothing more: a file that is streamed later cannot."""
        _ = self.subjects
        return self

    def hides(self, entry: AuditEntry) -> bool:
        """Whether it would tell who voted, or what."""
        is_others = entry.actor_type == ActorType.USER and entry.actor != self.reader.get_username()
        return is_others and entry.subject.startswith("intervention:") and entry.subject in self.subjects

    def over(self, entry: AuditEntry) -> AuditEntry:
        """The entry, without who and what where it must not be seen. It is for showing only, never to be saved."""
        if self.hides(entry):
            entry.actor, entry.data = access.SOMEBODY, json.dumps({"withheld": WHY})
        return entry

    def without_hidden(self, entries: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """The entries whose author may be known: what is left when somebody looks for the acts of one person."""
        if not self.subjects:
            return entries
        others = Q(actor_type=ActorType.USER, subject__in=self.subjects) & ~Q(actor=self.reader.get_username())
        return entries.exclude(others)
