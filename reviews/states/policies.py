"""Where a version of a review policy, of time limits or of a calendar stands."""

from django.db import models


class PolicyStatus(models.TextChoices):
    """Where one version of a review policy stands."""

    DRAFT = "draft", "Draft"
    SHADOW = "shadow", "Shadow"
    ACTIVE = "active", "Active"
    RETIRED = "retired", "Retired"


class Standing(models.TextChoices):
    """Where one version of time limits or of a calendar stands."""

    IN_FORCE = "in_force", "In force"
    PROPOSED = "proposed", "Proposed"
    TURNED_DOWN = "turned_down", "Turned down"
