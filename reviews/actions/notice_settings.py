"""What a person chooses to be told."""

from __future__ import annotations

from collections.abc import Collection
from datetime import time

from django.contrib.auth.models import User

from reviews.models import NoticeSettings
from reviews.states import NoticeKind


def of(user: User) -> NoticeSettings:
    """Their choice, or the usual one, which is not stored."""
    return NoticeSettings.objects.filter(user=user).first() or NoticeSettings(user=user)


def save(
    user: User,
    *,
    email: Collection[str],
    page: Collection[str],
    zone: str,
    quiet_from: time | None,
    quiet_to: time | None,
    digest: str,
    digest_at: time,
) -> NoticeSettings:
    """Keep their choice. It is a person's own affair, so the book has no line for it."""
    chosen = {
        "email": sorted(email),
        "page": sorted(page),
        "opened": NoticeKind.OPENED in {*email, *page},
        "zone": zone,
        "quiet_from": quiet_from,
        "quiet_to": quiet_to,
        "digest": digest,
        "digest_at": digest_at,
    }
    return NoticeSettings.objects.update_or_create(user=user, defaults=chosen)[0]
