"""Where a version of a review policy stands."""

from django.db import models


class PolicyStatus(models.TextChoices):
    """Where one version of a review policy stands."""

    DRAFT = "draft", "Draft"
    SHADOW = "shadow", "Shadow"
    ACTIVE = "active", "Active"
    RETIRED = "retired", "Retired"
