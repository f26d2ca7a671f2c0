"""What a policy on trial would have said."""

from __future__ import annotations

from django.db import models

from reviews.models.review_policy import ReviewPolicy
from reviews.models.tool_call import ToolCall
from reviews.states import Ruling


class ShadowRuling(models.Model):
    """One call about which a policy in shadow would have ruled otherwise than the policies in force did.

    Or would have asked as they did, but ``lighter``, which says in what.
    """

    policy = models.ForeignKey(ReviewPolicy, models.CASCADE, related_name="shadow_rulings")
    tool_call = models.ForeignKey(ToolCall, models.CASCADE, related_name="shadow_rulings")
    ruling = models.CharField(max_length=20, choices=Ruling)
    rule = models.CharField(max_length=500, blank=True)
    seen = models.TextField(blank=True)
    lighter = models.CharField(max_length=500, blank=True, default="", db_default="")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["policy", "tool_call"], name="one_shadow_ruling_per_call")]

    def __str__(self) -> str:
        return f"{self.policy}: {self.ruling}"
