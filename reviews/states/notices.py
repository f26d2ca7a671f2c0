"""What a message to the outside is about, which way it goes, and where it stands."""

from django.db import models


class NoticeKind(models.TextChoices):
    """What a message to the outside is about."""

    OPENED = "opened", "New item"
    REMINDER = "reminder", "Reminder"
    ESCALATED = "escalated", "Escalation"
    ASSIGNED = "assigned", "Assignment"
    OVERDUE = "overdue", "Overdue"
    EXPIRED = "expired", "Expired"
    MENTIONED = "mentioned", "Mention"
    WATCHDOG = "watchdog", "Alarm of the desk"
    TEST = "test", "Test message"


class NoticeChannel(models.TextChoices):
    """The way a message goes."""

    EMAIL = "email", "E-mail"
    PAGE = "page", "Bell"
    SLACK = "slack", "Slack"
    TEAMS = "teams", "Microsoft Teams"
    WEBHOOK = "webhook", "Webhook"


class NoticeStatus(models.TextChoices):
    """Where one owed message stands."""

    OWED = "owed", "Owed"
    SENDING = "sending", "Being sent"
    FAILED = "failed", "Failed, to be tried again"
    SENT = "sent", "Sent"
    DEAD = "dead", "Given up"
    CANCELLED = "cancelled", "No longer needed"


NOTICE_DUE = frozenset({NoticeStatus.OWED, NoticeStatus.FAILED, NoticeStatus.SENDING})
CHOSEN_NOTICES = tuple(kind for kind in NoticeKind if kind != NoticeKind.TEST)
"""What people and rooms may choose to hear of."""
LASTING_NOTICES = frozenset({NoticeKind.EXPIRED, NoticeKind.MENTIONED, NoticeKind.WATCHDOG, NoticeKind.TEST})
"""Kinds of messages that do not ask for a decision, so that none of them is withdrawn when somebody takes the item."""
