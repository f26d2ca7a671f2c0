"""Why an agent was stopped: the policy, its version, the rule and the value that matched, as they were then."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.urls import NoReverseMatch, reverse

from reviews import access
from reviews.actions import timers
from reviews.models import Intervention


def of(user: User, item: Intervention) -> dict[str, Any]:
    """What was frozen into the question, with links to those versions for who may read policies."""
    frozen, time = item.policy, item.policy.get(timers.KEY) or {}
    policy, version = str(frozen.get("policy") or ""), frozen.get("policy_version")
    limits, edition = str(time.get("escalation") or ""), time.get("version")
    reads = access.sees_policies(user)
    return {
        "policy": policy,
        "version": version,
        "rule": frozen.get("rule", ""),
        "seen": str(frozen.get("seen") or ""),
        "link": _link("policy", policy, version) if reads else "",
        "limits": f"{limits} {edition}" if limits else "",
        "limits_link": _link("time_limit", limits, edition) if reads else "",
    }


def _link(name: str, slug: str, version: Any) -> str:
    """The address of a version; none where there is no such."""
    try:
        return reverse(f"reviews:{name}", args=[slug, version]) if slug and version else ""
    except NoReverseMatch:
        return ""
