"""What becomes of an owed message: taken by one sender, sent, tried again later, or given up."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from reviews import access, audit
from reviews.actors import CLOCK
from reviews.audit import Act
from reviews.models import Intervention, Notice, NoticeSettings, Run
from reviews.models.notice import NoticeQuerySet
from reviews.states import LASTING_NOTICES, NoticeChannel, NoticeStatus

FIRST_PAUSE, LONGEST_PAUSE = 15.0, 3600.0
"""Seconds from the first failure to the second try, and at most between two."""
JITTER = 0.2
MOST_MERGED = 100
"""Items in one digest."""
AT_A_LOOK, LOOKS = 20, 50
"""Due rows read at a time, and how often: what nobody needs any more, or may not go yet, is set aside."""


@dataclass(frozen=True)
class Parcel:
    """One message in the hands of one sender: a notice, or several of one person that go out together."""

    notices: Sequence[Notice]
    lease: UUID

    @property
    def first(self) -> Notice:
        """The notice it was taken for."""
        return self.notices[0]


@dataclass
class Lanes:
    """The servers that were found wanting in this round; their messages wait for the next."""

    endpoints: set[UUID] = field(default_factory=set)
    mail: bool = False

    def close(self, parcel: Parcel) -> None:
        """Take no more messages that go this way."""
        if parcel.first.endpoint_id:
            self.endpoints.add(parcel.first.endpoint_id)
        else:
            self.mail = True


@transaction.atomic
def take(now: datetime, closed: Lanes | None = None) -> Parcel | None:
    """Take the message that is due longest; None where none is. No other sender has it until the lease ends.

    It is marked before anything goes out: a sender killed at any moment leaves a row that another one takes, with the
    same message id, once the lease has ended.
    """
    for _ in range(LOOKS):
        free = _free(now, closed or Lanes())
        for notice in free:
            if not _set_aside(notice, now):
                return _hold(notice, now)
        if not free:
            break
    return None


def _free(now: datetime, closed: Lanes) -> list[Notice]:
    due = Notice.objects.due(now).exclude(endpoint__in=closed.endpoints)
    if closed.mail:
        due = due.exclude(channel=NoticeChannel.EMAIL)
    free = due.select_for_update(skip_locked=True, of=("self",))
    return list(free.select_related("intervention", "endpoint", "user", "queue")[:AT_A_LOOK])


def _set_aside(notice: Notice, now: datetime) -> bool:
    """Deal with one that is not to be sent now; False for one that is."""
    row = Notice.objects.filter(pk=notice.pk)
    if _is_moot(notice):
        row.update(status=NoticeStatus.CANCELLED, lease=None)
    elif later := _held(notice, now):
        # what a sender had in hand may have gone out: it keeps its id and its company
        row.update(
            status=NoticeStatus.OWED if notice.status == NoticeStatus.OWED else NoticeStatus.FAILED,
            next_at=later,
            lease=None,
        )
    elif notice.attempts >= settings.FOUREYES_NOTICE_ATTEMPTS:  # each of its senders was killed
        _bury([notice], "Every sender of this message died before it could tell what became of it.")
    else:
        return False
    return True


def _hold(notice: Notice, now: datetime) -> Parcel:
    """Lease it, and what goes out with it: the rest of its digest."""
    notices = [notice, *_company(notice, now)]
    lease, message = uuid4(), notice.message
    if len(notices) > 1 and notice.status == NoticeStatus.OWED:
        message = uuid4()
    for one in notices:
        one.status, one.lease, one.message, one.attempts = NoticeStatus.SENDING, lease, message, one.attempts + 1
        one.next_at = now + timedelta(seconds=settings.FOUREYES_NOTICE_LEASE)
    Notice.objects.bulk_update(notices, ["status", "lease", "message", "attempts", "next_at"])
    return Parcel(notices, lease)


def _company(notice: Notice, now: datetime) -> list[Notice]:
    """The others of the same message; for one that was never tried, all that may be merged with it."""
    if not notice.merges:
        return []
    others = Notice.objects.due(now).filter(user=notice.user, channel=notice.channel, merges=True).exclude(pk=notice.pk)
    if notice.status == NoticeStatus.OWED:
        others = others.filter(status=NoticeStatus.OWED)
    else:
        others = others.filter(message=notice.message)
    found = others.select_for_update(skip_locked=True, of=("self",)).select_related("intervention", "endpoint", "user")
    return [other for other in found[: MOST_MERGED - 1] if not _is_moot(other)]


def sent(parcel: Parcel) -> bool:
    """Note that it went out; False where another sender has taken it since."""
    now = timezone.now()
    changes = {"status": NoticeStatus.SENT, "sent_at": now, "lease": None, "error": ""}
    return bool(_ours(parcel).update(**changes))


def failed(parcel: Parcel, error: str, *, for_good: bool = False, wait: float | None = None) -> None:
    """Note that it did not go out: try again later, or give it up after too many tries or ``for_good``.

    ``wait`` is how many seconds the other side asked to be left alone.
    """
    tries = parcel.first.attempts
    if for_good or tries >= settings.FOUREYES_NOTICE_ATTEMPTS:
        _give_up(parcel, error)
        return
    pause = min(max(wait or 0.0, pause_after(tries)), LONGEST_PAUSE)
    later = timezone.now() + timedelta(seconds=pause)
    _ours(parcel).update(status=NoticeStatus.FAILED, lease=None, next_at=later, error=error[:500])


def pause_after(tries: int) -> float:
    """Seconds to wait after so many failures: twice as long each time, and never quite as long as another's."""
    pause: float = min(FIRST_PAUSE * 2 ** (tries - 1), LONGEST_PAUSE)
    return pause * random.uniform(1 - JITTER, 1 + JITTER)


@transaction.atomic
def _give_up(parcel: Parcel, error: str) -> None:
    """The run first, as everywhere; a digest is of many runs and stands in the book without them."""
    notice = parcel.first
    if notice.run_id and len(parcel.notices) == 1:
        Run.objects.locked(notice.run_id)
    if ours := list(_ours(parcel).select_for_update()):
        _bury(ours, error)


def _bury(notices: Sequence[Notice], error: str) -> None:
    pks: Collection[int] = [notice.pk for notice in notices]
    dead = Notice.objects.filter(pk__in=pks)
    dead.update(status=NoticeStatus.DEAD, lease=None, error=error[:500], next_at=timezone.now())
    first = notices[0]
    about = (first.run, first.intervention) if len(notices) == 1 else (None, None)
    data = {"notice": first.pk, "channel": first.channel, "kind": first.kind, "tries": first.attempts, "error": error}
    audit.record(Act("notice.given_up", CLOCK, *about, data=data | {"notices": len(notices)}))


def _ours(parcel: Parcel) -> NoticeQuerySet:
    return Notice.objects.filter(pk__in=[one.pk for one in parcel.notices], lease=parcel.lease)


def _is_moot(notice: Notice) -> bool:
    """Whether nobody needs it any more: whatever withdrew its item, and whether or not it was told."""
    item = notice.intervention
    if notice.user is not None and not _may_hear(notice.user, item):
        return True
    if notice.endpoint is not None and not notice.endpoint.is_active:
        return True
    if item is None or notice.kind in LASTING_NOTICES:
        return False
    return not item.is_open or (item.claimed_at is not None and item.claimed_at > notice.created_at)


def _may_hear(user: User, item: Intervention | None) -> bool:
    """Whether they may still read what they would be told of."""
    if item is None:
        return user.is_active
    return access.visible_interventions(user).filter(pk=item.pk).exists()


def _held(notice: Notice, now: datetime) -> datetime | None:
    """Until when the person's quiet hours hold it, as they are set now."""
    if notice.channel != NoticeChannel.EMAIL or notice.urgent:
        return None
    wishes = NoticeSettings.objects.filter(user=notice.user).first()
    return wishes.quiet_until(now) if wishes else None
