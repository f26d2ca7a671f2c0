"""Which tool calls pass, ask or are refused: versioned rules that people write and a second person puts in force."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from reviews.models.intervention import digest_of
from reviews.models.stateful import Stateful
from reviews.policies import Policy, read_rules, unreadable
from reviews.policies.book import USUAL
from reviews.states import POLICY_MOVES, PolicyStatus

BODY = ("slug", "title", "agent", "position", "rules")
"""What a version says; it is signed with its digest and never changes once it is no draft."""


class ReviewPolicyQuerySet(models.QuerySet["ReviewPolicy"]):
    """How policies are asked for."""

    def of(self, slug: str) -> ReviewPolicyQuerySet:
        """Every version of one policy, newest first."""
        return self.filter(slug=slug).order_by("-version")

    def judging(self) -> ReviewPolicyQuerySet:
        """Those in force, and those on trial beside them."""
        return self.filter(status__in=(PolicyStatus.ACTIVE, PolicyStatus.SHADOW)).order_by("position", "slug")

    def active(self) -> ReviewPolicyQuerySet:
        """Those in force, in the order in which they are asked."""
        return self.filter(status=PolicyStatus.ACTIVE).order_by("position", "slug")

    def for_list(self) -> ReviewPolicyQuerySet:
        """What a list of policies shows: by policy, newest version first; pages go ``by`` slug and -version."""
        return self.select_related("created_by", "edited_by", "activated_by", "retiring_by").order_by(
            "slug", "-version"
        )


class ReviewPolicy(Stateful):
    """One version of a policy. A draft may be edited; every later one is as its digest says, for ever.

    ``edited_by`` wrote it last, nobody where the system did; ``wrote`` has the keys of all who have written since the
    version that was in force. ``code`` is the digest of the rules that an agent was registered with, where the version
    came from there. ``retiring_by`` wants it out of force and waits for a second person.
    """

    class Source(models.TextChoices):
        CODE = "code", "Agent's code"
        DESK = "desk", "Desk"
        FILE = "file", "File"

    slug = models.SlugField(max_length=100)
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    agent = models.CharField(max_length=100, default="*")
    position = models.PositiveIntegerField(default=USUAL)
    status = models.CharField(max_length=20, choices=PolicyStatus, default=PolicyStatus.DRAFT)
    rules: models.JSONField[Any, Any] = models.JSONField(default=list)
    note = models.TextField(blank=True)
    source = models.CharField(max_length=10, choices=Source, default=Source.DESK)
    digest = models.CharField(max_length=64)
    code = models.CharField(max_length=64, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    edited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    edited_at = models.DateTimeField()
    wrote: models.JSONField[Any, Any] = models.JSONField(default=list)
    shadowed_at = models.DateTimeField(null=True)
    activated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    activated_at = models.DateTimeField(null=True)
    retiring_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    retired_at = models.DateTimeField(null=True)

    MOVES = POLICY_MOVES
    objects = models.Manager.from_queryset(ReviewPolicyQuerySet)()

    class Meta:
        verbose_name = "review policy"
        verbose_name_plural = "review policies"
        constraints = [
            models.UniqueConstraint(fields=["slug", "version"], name="one_policy_per_version"),
            *(
                models.UniqueConstraint(fields=["slug"], condition=Q(status=status), name=f"one_{status}_per_policy")
                for status in (PolicyStatus.DRAFT.value, PolicyStatus.SHADOW.value, PolicyStatus.ACTIVE.value)
            ),
            models.CheckConstraint(condition=Q(status__in=PolicyStatus.values), name="a_known_policy_status"),
            models.CheckConstraint(
                condition=~Q(status=PolicyStatus.ACTIVE) | Q(activated_at__isnull=False),
                name="an_active_policy_was_activated",
            ),
            models.CheckConstraint(
                condition=~Q(status=PolicyStatus.SHADOW) | Q(shadowed_at__isnull=False),
                name="a_shadow_has_a_beginning",
            ),
            models.CheckConstraint(
                condition=Q(status=PolicyStatus.RETIRED, retired_at__isnull=False)
                | (~Q(status=PolicyStatus.RETIRED) & Q(retired_at__isnull=True)),
                name="a_retired_policy_says_when",
            ),
        ]
        indexes = [
            models.Index(
                fields=["position", "slug"], condition=Q(status__in=["active", "shadow"]), name="policies_that_judge"
            )
        ]

    def __str__(self) -> str:
        return f"{self.slug} version {self.version}"

    @property
    def is_draft(self) -> bool:
        """Whether it may still be edited."""
        return self.status == PolicyStatus.DRAFT

    def signature(self) -> str:
        """The digest of what it says as it stands here."""
        return digest_of({name: getattr(self, name) for name in BODY})

    def read(self) -> Policy:
        """It, ready to judge by; one that was altered or cannot be read asks about everything instead."""
        try:
            if self.digest != self.signature():
                return self._unreadable("what it says is not what was signed")
            return Policy(self.slug, read_rules(self.rules), self.version, self.agent, self.position)
        except (ValueError, TypeError, RecursionError) as error:  # a BadRule is a ValueError
            return self._unreadable(str(error))

    def _unreadable(self, why: str) -> Policy:
        return unreadable(self.slug, self.version, self.agent, self.position, why, self.rules)


class PolicyMark(models.Model):
    """The one row that changes whenever what is judged by does, so that a process knows if it is up to date.

    ``begun_at`` is when the first policies were made, once in the life of a database.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    token = models.UUIDField(default=uuid.uuid4)
    begun_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_policy_mark")]

    def __str__(self) -> str:
        return str(self.token)
