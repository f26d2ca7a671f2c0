"""What the frame around every page shows: the queues and how much waits in them, and which pages are open to whom."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Count, Exists, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest

from reviews import access, pulse
from reviews.models import Finding, Intervention, Membership, Queue
from reviews.web.bell import Bell
from reviews.web.bell import of as told

FEW = 3
"""Findings that the frame tells of; all of them are on the status page."""


class Desk:
    """Asked by templates; a fragment that shows none of it costs no query."""

    def __init__(self, user: User) -> None:
        self._user = user

    @cached_property
    def queues(self) -> list[Queue]:
        """The queues they may read, each with its number of open questions: one query."""
        open_here = Intervention.objects.open().filter(queue=OuterRef("pk")).order_by().values("queue")
        number = Subquery(open_here.annotate(number=Count("pk")).values("number"), output_field=IntegerField())
        seat = Exists(Membership.objects.filter(queue=OuterRef("pk"), user=self._user.pk))
        managed = Exists(access.managed_queues(self._user).filter(pk=OuterRef("pk")))
        found = access.visible_queues(self._user)
        return list(found.annotate(waiting=Coalesce(number, 0), has_seat=seat, is_managed=managed))

    @property
    def waiting(self) -> int:
        """The open questions they may see."""
        return sum(queue.waiting for queue in self.queues)  # type: ignore[attr-defined]  # annotated

    @property
    def can_start(self) -> bool:
        """Whether there is a queue in which they may start runs."""
        has_seat = any(queue.has_seat for queue in self.queues)  # type: ignore[attr-defined]  # annotated
        return has_seat or access.has_role(self._user, access.ADMIN)

    @cached_property
    def bell(self) -> Bell:
        """What was told to them and not read yet: one query, and another where there is something."""
        return told(self._user)

    @property
    def manages_notices(self) -> bool:
        """Whether they look after what some queue sends; costs nothing beyond the queues."""
        return self.manages or access.has_role(self._user, access.ADMIN)

    @property
    def manages(self) -> bool:
        """Whether there is a queue that they manage."""
        return any(queue.is_managed for queue in self.queues)  # type: ignore[attr-defined]  # annotated

    @property
    def sees_audit(self) -> bool:
        """Whether the audit log is open to them."""
        return access.sees_audit(self._user)

    @property
    def sees_policies(self) -> bool:
        """Whether the pages of policies are open to them."""
        return access.sees_policies(self._user)

    @property
    def sees_status(self) -> bool:
        """Whether the page about the desk's own health is open to them."""
        return access.sees_status(self._user)

    @property
    def clock_beats(self) -> bool:
        """Whether time limits fire; from the cache."""
        return pulse.beats()

    @cached_property
    def findings(self) -> list[Finding]:
        """What the watchdog found that still holds, newest first, for those who see to it: one query, else none."""
        if not access.sees_status(self._user):
            return []
        return list(Finding.objects.open().order_by("-first_seen", "-id")[:FEW])

    @property
    def live_silence(self) -> int:
        """Milliseconds without a sign of life after which a page takes its socket for dead."""
        return int(live_tick() * 2250)


def live_tick() -> float:
    """Seconds between two signs of life of a socket."""
    return float(settings.FOUREYES_LIVE_TICK)


def desk(request: HttpRequest) -> dict[str, Any]:
    """The context processor; pages of people who are not signed in have no desk."""
    user: User | None = getattr(request, "user", None)  # an error page may be made before there is one
    return {"desk": Desk(user)} if user is not None and user.is_authenticated else {}
