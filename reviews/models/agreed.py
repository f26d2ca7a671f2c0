"""What one person writes by versions and, where it is in use, a second one has to agree to."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from reviews.states import Standing


class Agreed(models.Model):
    """One version: it holds where it is in force, and is the newest that is.

    ``answered_by`` agreed to it or turned it down; nobody had to where nothing in force used what it changes.
    """

    slug = models.SlugField(max_length=60)
    version = models.PositiveIntegerField(default=1)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    standing = models.CharField(max_length=12, choices=Standing, default=Standing.IN_FORCE)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.slug} {self.version}"

    @property
    def is_proposed(self) -> bool:
        """Whether it waits for a second person."""
        return self.standing == Standing.PROPOSED


def by_two_people(name: str) -> list[models.BaseConstraint]:
    """What holds of every version of ``name``: its number is one, its standing known, its author not the second."""
    return [
        models.UniqueConstraint(fields=["slug", "version"], name=f"one_version_of_{name}"),
        models.CheckConstraint(condition=Q(standing__in=Standing.values), name=f"a_known_standing_of_{name}"),
        models.CheckConstraint(
            condition=~Q(standing=Standing.IN_FORCE)
            | Q(answered_by__isnull=True)
            | ~Q(answered_by=models.F("written_by")),
            name=f"two_people_agree_to_{name}",
        ),
    ]
