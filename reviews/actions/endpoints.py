"""The addresses a queue's messages go to: who may set them, how they are kept, and the book's line for each change."""

from __future__ import annotations

import base64
import hashlib
import secrets
import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from reviews import audit, sealing
from reviews.actions import notices
from reviews.actions.errors import Conflict, Invalid
from reviews.actors import Actor
from reviews.audit import Act
from reviews.models import Endpoint, Notice, Queue
from reviews.states import NoticeChannel, NoticeKind

BOTH_SECRETS = timedelta(hours=24)
"""How long messages carry a signature of the replaced secret, too."""
SECRET_BYTES = 32
TEST_KEY = "test"


@transaction.atomic
def add(
    *, by: User, queue: Queue | None, channel: str, name: str, url: str, host: str, kinds: Collection[str]
) -> tuple[Endpoint, str]:
    """Make a new address; returns it and, for a webhook, the secret, which is never shown again.

    ``host`` is what the pages show of the address. Raises Invalid, PermissionDenied, Unsealable.
    """
    _require_manager(by, queue.pk if queue else None)
    here = Endpoint.objects.present().filter(queue=queue)
    if here.filter(name=name).exists():
        raise Invalid(name="There is an address of this name already.")
    if here.count() >= notices.ENDPOINTS_PER_QUEUE:
        raise Invalid(name=f"A queue has at most {notices.ENDPOINTS_PER_QUEUE} addresses.")
    endpoint = Endpoint(id=uuid.uuid4(), queue=queue, channel=channel, name=name, host=host[:254], created_by=by)
    endpoint.sealed_url = _seal(endpoint, "url", url)
    secret = _new_secret() if channel == NoticeChannel.WEBHOOK else ""
    endpoint.sealed_secret = _seal(endpoint, "secret", secret) if secret else b""
    endpoint.kinds, endpoint.opened = sorted(kinds), NoticeKind.OPENED in kinds
    endpoint.created_at = timezone.now()
    endpoint.save(force_insert=True)
    _sign("endpoint.added", by, endpoint, kinds=endpoint.kinds)
    return endpoint, secret


@transaction.atomic
def change(
    endpoint_id: UUID, *, by: User, kinds: Collection[str], is_active: bool, url: str = "", host: str = ""
) -> Endpoint:
    """Change what it listens for, whether it is on and, where one is given, the address. Raises PermissionDenied."""
    endpoint = _locked(endpoint_id, by)
    endpoint.kinds, endpoint.opened, endpoint.is_active = sorted(kinds), NoticeKind.OPENED in kinds, is_active
    if url:
        endpoint.sealed_url, endpoint.host = _seal(endpoint, "url", url), host[:254]
    endpoint.save()
    _sign("endpoint.changed", by, endpoint, kinds=endpoint.kinds, is_active=is_active, new_address=bool(url))
    return endpoint


@transaction.atomic
def rotate(endpoint_id: UUID, *, by: User, seen: str | None = None) -> str:
    """Give it a new secret and return it; for a day messages are signed with the old one as well.

    ``seen`` is the `mark` of the secret that is meant: a page sent again must not take the old one's day from it.
    Raises Conflict, Invalid, PermissionDenied, Unsealable.
    """
    endpoint = _locked(endpoint_id, by)
    if seen is not None and seen != mark(endpoint):
        raise Conflict("The secret was replaced already. Replace it again only if nobody has kept the new one.")
    if endpoint.channel != NoticeChannel.WEBHOOK:
        raise Invalid(channel="Only a webhook has a secret.")
    secret = _new_secret()
    old = sealing.unseal(endpoint.sealed_secret, _place(endpoint, "secret"), settings.FOUREYES_SEAL_KEYS)
    endpoint.sealed_previous = _seal(endpoint, "previous", old)
    endpoint.sealed_secret = _seal(endpoint, "secret", secret)
    endpoint.previous_until = timezone.now() + BOTH_SECRETS
    endpoint.save()
    _sign("endpoint.rotated", by, endpoint)
    return secret


@transaction.atomic
def remove(endpoint_id: UUID, *, by: User) -> None:
    """Forget the address with its secrets; what is owed to it is withdrawn. Raises PermissionDenied."""
    endpoint = _locked(endpoint_id, by)
    notices.withdraw_from(endpoint)
    endpoint.sealed_url = endpoint.sealed_secret = endpoint.sealed_previous = b""
    endpoint.is_active = endpoint.opened = False
    endpoint.previous_until, endpoint.removed_at = None, timezone.now()
    endpoint.save()
    _sign("endpoint.removed", by, endpoint)


@transaction.atomic
def test(endpoint_id: UUID, *, by: User) -> Notice:
    """Owe the address a test message, which says so. Raises PermissionDenied."""
    endpoint = _locked(endpoint_id, by)
    owed = notices.owe_test(endpoint, key=f"{TEST_KEY}:{uuid.uuid4()}")
    _sign("endpoint.tested", by, endpoint)
    return owed


def mark(endpoint: Endpoint) -> str:
    """What tells its secret from the one before, and nothing about either: it is of what is sealed."""
    return hashlib.sha256(bytes(endpoint.sealed_secret)).hexdigest()[:16]


def address(endpoint: Endpoint) -> str:
    """Where to post. Raises Unsealable."""
    return sealing.unseal(endpoint.sealed_url, _place(endpoint, "url"), settings.FOUREYES_SEAL_KEYS)


def secrets_of(endpoint: Endpoint, now: datetime) -> list[str]:
    """The secrets to sign with: the newest first, then the one it replaced while that is in force."""
    keys = settings.FOUREYES_SEAL_KEYS
    found = [sealing.unseal(endpoint.sealed_secret, _place(endpoint, "secret"), keys)]
    if endpoint.previous_until is not None and now < endpoint.previous_until:
        found.append(sealing.unseal(endpoint.sealed_previous, _place(endpoint, "previous"), keys))
    return found


def _locked(endpoint_id: UUID, by: User) -> Endpoint:
    free = Endpoint.objects.present().select_for_update(of=("self",), no_key=True)  # gates owe it messages meanwhile
    found = free.select_related("queue").filter(pk=endpoint_id).first()
    if found is None or not notices.may_manage(by, found.queue_id):
        raise PermissionDenied("There is no such address that you may change.")
    return found


def _require_manager(by: User, queue_id: int | None) -> None:
    if not notices.may_manage(by, queue_id):
        raise PermissionDenied("Only managers of the queue and administrators decide where its messages go.")


def _seal(endpoint: Endpoint, field: str, text: str) -> bytes:
    return sealing.seal(text, _place(endpoint, field), settings.FOUREYES_SEAL_KEYS)


def _place(endpoint: Endpoint, field: str) -> str:
    return f"endpoint:{endpoint.pk}:{field}"


def _new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


def _sign(action: str, by: User, endpoint: Endpoint, **data: object) -> None:
    """The book's line; never the address or a secret, which both let people in."""
    about = {"name": endpoint.name, "channel": endpoint.channel, "host": endpoint.host}
    about["queue"] = endpoint.queue.slug if endpoint.queue else ""
    audit.record(Act(action, Actor.of(by), data=about | data))
