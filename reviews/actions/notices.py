"""What is owed to people and programs outside: rows of the outbox, in the transaction of what they tell of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from reviews import access, audit
from reviews.actions import owing
from reviews.actions.circumstances import Circumstances
from reviews.actions.errors import Conflict
from reviews.actions.text import storable
from reviews.actors import Actor, name_of
from reviews.audit import Act
from reviews.models import Endpoint, Intervention, Membership, Notice, NoticeSettings, Queue, Run
from reviews.models.writes import NewRows, Write
from reviews.states import LASTING_NOTICES, NoticeChannel, NoticeKind, NoticeStatus, Risk

MOST_SAID = 300
ENDPOINTS_PER_QUEUE = 50


def owe(
    intervention: Intervention | None, kind: str, users: Iterable[User], *, key: str, says: str = "", team: bool = True
) -> None:
    """Owe these people a message each way they want it, and the queue's chat rooms and programs if ``team``.

    Call it in the transaction of what the message tells of, with the run locked. Owing a key again owes nothing: what
    may happen twice must have two keys. ``says`` is a sentence of ours, never of an agent or its arguments.
    Without an intervention it is about the desk itself.
    """
    _write(_owed(intervention, kind, users, team), key, intervention, says)


def listening(intervention: Intervention | None, kind: str) -> list[Endpoint]:
    """The chat rooms and programs of its queue, and of the whole desk, that want to hear of such."""
    queue_id = intervention.queue_id if intervention else None
    found = owing.endpoints_of(queue_id, lambda: list(_endpoints(queue_id)[:ENDPOINTS_PER_QUEUE]))
    return [endpoint for endpoint in found if kind in endpoint.kinds]


def owe_webhook(intervention: Intervention, kind: str, *, key: str, says: str = "") -> int:
    """Owe those rooms and programs a message, and no person one.

    As with `owe`, a key is owed once. Returns to how many of them it is owed.
    """
    now = timezone.now()
    rows = [_to_endpoint(one, intervention, kind, now) for one in listening(intervention, kind)]
    _write(rows, key, intervention, says)
    return len(rows)


def opened(new: Sequence[Intervention], around: Circumstances) -> list[Write]:
    """What is owed to those who asked to hear of every new item of the queue, to be stored with the items."""
    rows = [row for one in new if around.is_heard(one.queue_id) for row in _of_opening(one)]
    return [NewRows(rows)] if rows else []


def called_in(intervention: Intervention, people: Iterable[User]) -> list[Write]:
    """What is owed to who may decide a new question because an earlier one about the same call called them in.

    To be stored with the question.
    """
    rows = _owed(intervention, NoticeKind.ESCALATED, people, team=False)
    _address(rows, f"called:{intervention.pk}", intervention, "You were called in when this call was to be approved.")
    intervention.told = intervention.told or bool(rows)
    return [NewRows(rows)] if rows else []


def cancel(intervention: Intervention) -> None:
    """Withdraw what is not sent yet and what the bell still shows: somebody has taken the item, or it is closed.

    Call it in the transaction of the claim or the decision, with the run locked. What is being sent at this moment
    cannot be called back; if it fails it is not tried again. Costs nothing where nothing was ever owed.
    """
    owing.withdraw(intervention)
    if not intervention.told:
        return
    _pending(intervention).exclude(kind__in=LASTING_NOTICES).update(status=NoticeStatus.CANCELLED)


def take_back_escalations(intervention: Intervention) -> None:
    """Withdraw what was told of levels at which the question no longer is, where it is not sent, or not read yet.

    Call it in the transaction that brings the question down, with the run locked.
    """
    above = _pending(intervention).filter(kind=NoticeKind.ESCALATED, payload__level__gt=intervention.level)
    above.update(status=NoticeStatus.CANCELLED)


def owe_test(endpoint: Endpoint, *, key: str) -> Notice:
    """Owe an address a message that only says that it arrives; in the transaction of whoever asked for it."""
    row = _to_endpoint(endpoint, None, NoticeKind.TEST, timezone.now())
    row.queue_id = endpoint.queue_id
    _write([row], key, None, "")
    return Notice.objects.get(key=row.key)


def withdraw_from(endpoint: Endpoint) -> None:
    """Send nothing more to an address that is removed."""
    waiting = Notice.objects.filter(endpoint=endpoint, status__in=(NoticeStatus.OWED, NoticeStatus.FAILED))
    waiting.update(status=NoticeStatus.CANCELLED)


def read(user: User, ids: Iterable[int] | None = None) -> int:
    """Take these off the person's bell, or all of them; returns how many there were."""
    unread = Notice.objects.unread(user.pk)
    return (unread if ids is None else unread.filter(pk__in=ids)).order_by().update(read_at=timezone.now())


@transaction.atomic
def send_again(notice_id: int, *, by: User) -> Notice:
    """Owe a message anew that was given up. Raises Conflict, PermissionDenied.

    It keeps its id, so that a receiver which had it after all can tell; a digest also its company.
    """
    found = Notice.objects.filter(pk=notice_id).values_list("run_id", flat=True).first()
    run = Run.objects.locked(found) if found else None
    held = Notice.objects.select_for_update(of=("self",)).select_related("intervention", "endpoint")
    notice = held.filter(pk=notice_id).first()
    if notice is None or not may_manage(by, notice.queue_id):
        raise PermissionDenied("There is no such message that you may send again.")
    if notice.status != NoticeStatus.DEAD:
        raise Conflict(f"This message is not given up: it is {notice.get_status_display().lower()}.")
    if notice.endpoint is not None and notice.endpoint.removed_at is not None:
        raise Conflict(f"The address {notice.recipient} was removed, so it can go nowhere.")
    notice.status = NoticeStatus.FAILED if notice.merges else NoticeStatus.OWED
    notice.attempts, notice.error, notice.next_at = 0, "", timezone.now()
    notice.save(update_fields=["status", "attempts", "error", "next_at"])
    data = {"notice": notice.pk, "channel": notice.channel, "kind": notice.kind}
    audit.record(Act("notice.sent_again", Actor.of(by), run, notice.intervention, data))
    return notice


def may_manage(user: User, queue_id: int | None) -> bool:
    """Whether they look after what a queue sends: its managers and the admins; for the desk itself, the admins."""
    return access.has_role(user, access.ADMIN) or (queue_id is not None and access.manages(user, queue_id))


def managed_queues(user: User) -> list[Queue]:
    """The queues whose messages they look after."""
    if access.has_role(user, access.ADMIN):
        return list(Queue.objects.all())
    return list(Queue.objects.filter(memberships__user=user, memberships__role=Membership.Role.MANAGER))


def can_mail() -> bool:
    """Whether this desk has a server for its mail."""
    return bool(settings.FOUREYES_SMTP["host"])


def _pending(intervention: Intervention) -> QuerySet[Notice]:
    """What is not sent yet, and what bells still show."""
    waiting = Q(status__in=(NoticeStatus.OWED, NoticeStatus.FAILED))
    shown = Q(status=NoticeStatus.SENT, channel=NoticeChannel.PAGE, read_at=None)
    return Notice.objects.filter(waiting | shown, intervention=intervention)


def _of_opening(intervention: Intervention) -> list[Notice]:
    """A new item, not stored yet, is marked as told of."""
    asked = NoticeSettings.objects.filter(opened=True, user__memberships__queue=intervention.queue_id)
    rows = _owed(intervention, NoticeKind.OPENED, User.objects.filter(notice_settings__in=asked), team=True)
    _address(rows, f"opened:{intervention.pk}", intervention, "")
    intervention.told = intervention.told or bool(rows)
    return rows


def _owed(intervention: Intervention | None, kind: str, users: Iterable[User], team: bool) -> list[Notice]:
    people = {user.pk: user for user in users if user.is_active}
    now = timezone.now()
    wishes = owing.wishes_of(people)
    rows = [
        row
        for user in people.values()
        for row in _to_person(user, wishes.get(user.pk) or NoticeSettings(user=user), intervention, kind, now)
    ]
    heard = listening(intervention, kind) if team else []
    return rows + [_to_endpoint(endpoint, intervention, kind, now) for endpoint in heard]


def _to_person(
    user: User, wishes: NoticeSettings, intervention: Intervention | None, kind: str, now: datetime
) -> list[Notice]:
    rows, urgent = [], is_urgent(intervention, kind)
    if wishes.wants(kind, NoticeChannel.PAGE):
        shown = _row(NoticeChannel.PAGE, user.get_username(), intervention, kind, now, user=user)
        shown.status, shown.sent_at = NoticeStatus.SENT, now  # the row itself is what the bell shows
        rows.append(shown)
    if user.email and can_mail() and wishes.wants(kind, NoticeChannel.EMAIL):
        mail = _row(NoticeChannel.EMAIL, user.email, intervention, kind, now, user=user)
        mail.next_at = now if urgent else wishes.due(now, kind)
        mail.merges = not urgent and wishes.merges(kind)
        rows.append(mail)
    return rows


def _to_endpoint(endpoint: Endpoint, intervention: Intervention | None, kind: str, now: datetime) -> Notice:
    return _row(endpoint.channel, endpoint.name, intervention, kind, now, endpoint=endpoint)


def is_urgent(intervention: Intervention | None, kind: str) -> bool:
    """Whether it waits for no quiet hours and no digest: the risk is critical, or the desk itself is ill."""
    return kind == NoticeKind.WATCHDOG or (intervention is not None and intervention.risk == Risk.CRITICAL)


def _row(
    channel: str, recipient: str, intervention: Intervention | None, kind: str, now: datetime, **more: Any
) -> Notice:
    return Notice(
        kind=kind,
        channel=channel,
        recipient=recipient[:254],
        run_id=intervention.run_id if intervention else None,
        intervention=intervention,
        queue_id=intervention.queue_id if intervention else None,
        urgent=is_urgent(intervention, kind),
        next_at=now,
        created_at=now,
        **more,
    )


def _write(rows: list[Notice], key: str, intervention: Intervention | None, says: str) -> None:
    if rows:
        _address(rows, key, intervention, says)
        owing.write(rows, intervention)


def _address(rows: list[Notice], key: str, intervention: Intervention | None, says: str) -> None:
    payload = _payload(intervention, says) if rows else {}
    for row in rows:
        whom = row.user_id if row.user_id else row.endpoint_id
        row.key, row.payload = f"{key}:{row.channel}:{whom}"[:250], payload
        row.message = uuid5(NAMESPACE_URL, f"foureyes:notice:{row.key}")


def _payload(intervention: Intervention | None, says: str) -> dict[str, Any]:
    """What a message may say of the item: never its title, its proposal or its reason, which quote arguments."""
    said = {"says": str(storable(says))[:MOST_SAID]}
    if intervention is None:
        return said
    return said | {
        "asked": intervention.kind,
        "tool": intervention.tool,
        "agent": intervention.agent,
        "queue": intervention.queue.name,
        "risk": int(intervention.risk),
        "level": intervention.level,
        "due_at": intervention.due_at.isoformat(),
        "holder": name_of(intervention.claimed_by) if intervention.claimed_by else "",
    }


def _endpoints(queue_id: int | None) -> Any:
    return Endpoint.objects.filter(Q(queue=queue_id) | Q(queue=None), is_active=True).order_by("created_at", "id")
